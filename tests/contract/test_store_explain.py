"""Every statement of the store is served by an index, on both databases, shown by EXPLAIN.

`CALLS` holds each function of the store that takes a transaction; one that is
missing there fails the test, so that none can be forgotten.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import pytest
from sqlalchemy import event, update

import cibot.store
from cibot.model import Account
from cibot.store import (
    accounts,
    audit,
    schema,
    silences,
    watches,
)
from cibot.store.engine import Store, Tx, open_store
from cibot.store.migrate import upgrade
from cibot.store.watches import StoredWatch
from tests.contract.statements import CALLS
from tests.contract.statements.rows import AUDITED, Call
from tests.support.history import NOW, CiHistory, History, ago

# These hold a row a server, a CI, an account, a CI's project or a project's reference, or fewer.
SMALL = {
    "server", "ci", "account", "health", "feed", "lease", "project_record", "reference_period",
    "unjudged",
    "chances",
}  # fmt: skip
ALLOWED = {  # (function, table): why reading it from one end to the other is right
    ("verdicts_by_week", "change"): "counts the verdicts of all time, once a day",
    ("verdicts_by_week", "report"): "counts the verdicts of all time, once a day",
    ("forget_checkpoints", "checkpoint"): "all of it is to be forgotten",
    ("every_incident", "incident"): "all of them are asked for, by hand",
    ("incidents_before", "incident"): "walks the key from its end and stops at the limit",
    ("open_changes", "change"): "walks the key from its end and stops at a window",
    ("refusals_since", "audit"): "walks the key from its end and stops at a thousand",
    ("last_audit", "audit"): "walks the key from its end and stops at the limit",
    ("silences_before", "silence"): "walks the key from its end and stops at the limit",
    ("put_aside", "set_aside"): "a week's faults are few",
    ("set_aside", "set_aside"): "a week's faults are few, and it stops at a thousand",
    ("project_names", "change"): "skips through the index from project to project",
}
MOST_ROWS = 1_000  # of some thousand that there are
MORE = {  # function: why it may read more rows
    "project_names": "walks an index of changes",
    "last_results": "so many of the last reports of each CI with their builds, and no more",
    "drift": "counts a CI's reports anew, by hand",
    "recount": "counts a CI's reports anew, by hand",
    "verdicts_by_week": "counts the verdicts of all time, once a day, then of a week",
    "every_incident": "all of them are asked for, by hand",
    "records_of": "a row a CI and project, once in minutes",
    "put_records": "a row a CI and project, once in minutes",
    "first_verdicts": "at most a hundred verdicts of each day of a month",
    "hide_changes": "all incidents of the CIs that it takes reports or chances from",
}


def test_every_function_of_the_store_is_called_here() -> None:
    named = set()
    for module in pkgutil.iter_modules(cibot.store.__path__, "cibot.store."):
        if module.name.endswith(".migrations"):
            continue
        for name, member in vars(importlib.import_module(module.name)).items():
            ours = isinstance(member, FunctionType) and member.__module__ == module.name
            if ours and not name.startswith("_") and "tx" in inspect.signature(member).parameters:
                named.add(member)
    assert named == set(CALLS), "a function of the store is not, or no longer, in CALLS"


def _wide(history: History, others: list[CiHistory]) -> None:
    """Many changes, on each of which one CI spoke."""
    for number in range(1, 2501):
        project = f"filler/{number % 50}"
        history.change(number, project, uploads=[ago(days=number % 90, hours=1)])
        others[number % 25].report(number, at=ago(days=number % 90), jobs={"job": "SUCCESS"})


def _deep(history: History, others: list[CiHistory]) -> None:
    """Few changes, of which each CI spoke again and again: a CI has more reports than those."""
    for number in range(60, 140):
        history.change(number, f"filler/{number % 50}", uploads=[ago(days=number % 90, hours=1)])
        for place in range(100):
            at = ago(days=number % 90, minutes=place)
            others[place % 25].report(number, at=at, jobs={"job": "SUCCESS"} if place < 5 else {})


def _fill(store: Store, shape: Callable[[History, list[CiHistory]], None]) -> None:
    """Rows enough that an index is worth its while."""
    history = History(store)
    shape(history, [history.ci(f"Other {place}") for place in range(25)])
    history.save()
    store.write(_fill_more)


def _fill_more(tx: Tx) -> None:
    accounts.add_accounts(
        tx, 1, [(Account(n, f"u{n}", f"U {n}"), n % 25 + 1) for n in range(1, 26)]
    )
    comment = schema.comment
    tx.execute(update(comment).values(account_id=comment.c.change_id % 25 + 1))
    made = [
        {"ci_id": n % 25 + 1, "open_slot": None if n > 25 else 1, "body": "{}",
         "state": "resolved" if n > 25 else "firing", "severity": "failing",
         "opened_at": NOW - ago(n), "resolved_at": NOW - ago(n) if n > 25 else None,
         "changed_at": NOW - ago(n), "notified": True}
        for n in range(1, 801)
    ]  # fmt: skip
    tx.execute(schema.incident.insert(), made)
    steps = [
        {"incident_id": n, "seq": seq, "at": NOW - ago(n), "name": "opened"}
        for n in range(1, 801)
        for seq in (1, 2)
    ]
    tx.execute(schema.transition.insert(), steps)
    said = [
        {"dedupe_key": f"k{n}", "kind": "alert", "incident_id": n // 2, "step": "opened",
         "network": f"net-{n % 4}", "room": f"#room-{n % 3}", "card": "{}",
         "state": "pending" if n > 1490 else "dead" if n % 50 == 0 else "sent", "attempts": 0,
         "created_at": NOW, "not_before": NOW}
        for n in range(1, 1501)
    ]  # fmt: skip
    tx.execute(schema.outbox.insert(), said)
    for n in range(1, 501):
        audit.add_audit(tx, AUDITED)
        ended = NOW - ago(n) if n < 490 else NOW + ago(n)
        silences.add_silence(tx, f"Other {n}", NOW - ago(n + 1), ended, "Mika", "r")
        watches.put_watch(tx, StoredWatch("net", f"u{n % 100}", n % 25 + 1, "r", NOW))
    tx.execute(
        schema.lease.insert(),
        [{"name": "leader", "owner": "me", "token": 1, "until": NOW, "writes": 0}],
    )


class Plans:
    """What each statement reads whole, by EXPLAIN."""

    def __init__(self, store: Store) -> None:
        self.sqlite = store.engine.dialect.name == "sqlite"
        self.whole: list[tuple[str, str]] = []
        self.statements = 0

    def explain(self, link: Any, _cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        if statement.split(maxsplit=1)[0] not in {"SELECT", "UPDATE", "DELETE"}:
            return
        if rest[-1]:  # executemany
            values = values[0]
        self.statements += 1
        cursor = link.connection.cursor()
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if self.sqlite else ''}{statement}", values)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.close()
        aliases = re.findall(r"[`\"]?(\w+)[`\"]? AS [`\"]?(\w+)", statement)
        tables = {alias: table for table, alias in aliases}
        for name in filter(None, map(self._whole, rows)):
            table = tables.get(name, name)
            if table in schema.metadata.tables and table not in SMALL:
                self.whole.append((table, f"{statement}\n{rows}"))

    def _whole(self, row: Mapping[str, Any]) -> str | None:
        """The name of the table that this step reads from one end to the other."""
        if self.sqlite:
            words = str(row["detail"]).split()
            return words[1] if words[0] == "SCAN" else None
        return str(row["table"]) if row["type"] in {"ALL", "index"} else None


@contextmanager
def _plans(store: Store) -> Iterator[Plans]:
    plans = Plans(store)
    event.listen(store.engine, "before_cursor_execute", plans.explain)
    try:
        yield plans
    finally:
        event.remove(store.engine, "before_cursor_execute", plans.explain)


class _Undo(Exception):
    """Takes back what a call wrote, so that the next finds the same rows."""


@pytest.mark.parametrize("shape", [_wide, _deep])
def test_every_statement_is_served_by_an_index(store: Store, shape: Any) -> None:
    _fill(store, shape)
    if store.engine.dialect.name != "sqlite":  # SQLite plans without statistics, as in production
        for table in schema.metadata.tables:
            store.write(lambda tx, t=table: tx.exec_driver_sql(f"ANALYZE TABLE `{t}`").all())  # type: ignore[misc]
    faults: list[str] = []
    total = 0
    for function, calls in CALLS.items():
        with _plans(store) as plans:
            for call in calls:
                _run(store, call)
        total += plans.statements
        for table, shown in plans.whole:
            if (function.__name__, table) not in ALLOWED:
                faults.append(f"{function.__name__} reads all of {table}: {shown}")
    assert not faults, "\n\n".join(faults)
    assert total > 60


def _run(store: Store, call: Call) -> int:
    """Runs a call, undoes it, and returns how many rows the server read, where it tells."""
    read = 0

    def work(tx: Tx) -> None:
        nonlocal read
        before = _rows_read(tx)
        call(tx)
        read = _rows_read(tx) - before
        raise _Undo

    with pytest.raises(_Undo):
        store.write(work)
    return read


def _rows_read(tx: Tx) -> int:
    if tx.dialect.name == "sqlite":
        return 0
    counters = tx.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
    return sum(int(row[1]) for row in counters)


@pytest.mark.parametrize("shape", [_wide, _deep])
def test_no_answer_reads_more_than_it_needs(request: Any, shape: Any) -> None:
    """An index can be read from end to end, too, and EXPLAIN does not say so."""
    store = open_store(request.getfixturevalue("mariadb_url"))
    upgrade(store)
    _fill(store, shape)
    for table in schema.metadata.tables:
        store.write(lambda tx, t=table: tx.exec_driver_sql(f"ANALYZE TABLE `{t}`").all())  # type: ignore[misc]
    faults = [
        f"{function.__name__} reads {read} rows"
        for function, calls in CALLS.items()
        for read in (_run(store, call) for call in calls)
        if read > MOST_ROWS and function.__name__ not in MORE
    ]
    store.close()
    assert not faults
