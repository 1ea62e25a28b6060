"""What `QuickCursor` writes is what PyMySQL's own cursor writes."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.constants import SERVER_STATUS
from pymysql.cursors import Cursor

from cibot.store import cursor as quick
from cibot.store.cursor import QuickCursor

INSERT = "INSERT INTO `t` (a, b) VALUES (%s, %s)"
UPSERT = INSERT + " ON DUPLICATE KEY UPDATE b = concat(VALUES(b), '100%%')"
NEWER = INSERT + " AS new ON DUPLICATE KEY UPDATE b = new.b"
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.one_of(st.text(), st.text(alphabet="\\'\"\n\r\0\x1anZé"))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXTS, MOMENTS, st.floats(allow_nan=False)
).filter(lambda value: value not in (float("inf"), float("-inf")))


def said(kind: type[Cursor], query: str, rows: list[Any], *, backslashes: bool = True) -> list[str]:
    """The statements that a cursor of ``kind`` sends, without a server."""
    link: Any = pymysql.connect(defer_connect=True, ssl_disabled=True)
    link.server_status = 0 if backslashes else SERVER_STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES
    sent: list[str] = []

    class Recording(kind):  # type: ignore[valid-type, misc]
        def execute(self, query: Any, args: Any = None) -> int:
            whole = query if args is None else self._mogrify(query, args)
            sent.append(whole if isinstance(whole, str) else bytes(whole).decode())
            return 1

    Recording(link).executemany(query, rows)
    return sent


@pytest.mark.parametrize("query", [INSERT, UPSERT, NEWER])
@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4), backslashes=st.booleans())
def test_it_writes_as_the_driver_does(
    query: str, rows: list[tuple[Any, Any]], backslashes: bool
) -> None:
    ours = said(QuickCursor, query, rows, backslashes=backslashes)
    assert ours == said(Cursor, query, rows, backslashes=backslashes)


def test_quotes_and_backslashes_do_not_end_a_text() -> None:
    (whole,) = said(QuickCursor, INSERT, [("'); DROP TABLE t; --", "a\\")])
    assert whole == "INSERT INTO `t` (a, b) VALUES ('\\'); DROP TABLE t; --', 'a\\\\')"
    (whole,) = said(QuickCursor, INSERT, [("it's", "a\\")], backslashes=False)
    assert whole == "INSERT INTO `t` (a, b) VALUES ('it''s', 'a\\')"


def test_many_rows_make_several_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "_MOST_CHARS", 25)
    sent = said(QuickCursor, INSERT, [(number, "x" * 5) for number in range(5)])
    assert [statement.count("x" * 5) for statement in sent] == [2, 2, 1]
    assert all(statement.startswith("INSERT INTO `t` (a, b) VALUES (") for statement in sent)


def test_what_is_no_insert_is_left_to_the_driver() -> None:
    query = "UPDATE t SET a = %s WHERE b = %s"
    assert said(QuickCursor, query, [(1, 2), (3, 4)]) == said(Cursor, query, [(1, 2), (3, 4)])
    assert said(QuickCursor, INSERT, []) == []
