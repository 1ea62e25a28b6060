"""Answers as CSV, for spreadsheets: chosen columns, and nothing that one takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cibot.text.cleaning import for_terminal
from cibot.web.api.plain import plain, shown_value

Lines = Iterable[Sequence[Any]]
Table = Callable[[Any], Lines]
"""Makes lines of an answer; the first is the heads of the columns."""

# A cell that begins so is a formula; where the locale divides by semicolons, one may begin within.
_FORMULA = re.compile(r"(^|[;\t\r\n])(\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


Column = str | tuple[str, Callable[[Any], Any]]
"""A path (``rate.share``, with another head ``ci=name``), or a head and what makes its cells."""


def columns(rows: str, *wanted: Column) -> Table:
    """A table of the answer's ``rows``, with these columns."""
    made = [_column(column) for column in wanted]

    def lines(answer: Any) -> Lines:
        yield [head for head, _show in made]
        for row in getattr(answer, rows):
            yield [show(row) for _head, show in made]

    return lines


def _column(column: Column) -> tuple[str, Callable[[Any], Any]]:
    if not isinstance(column, str):
        return column
    head, _equals, path = column.rpartition("=")
    return head or path.replace(".", "_"), lambda row: _at(row, path)


def write_csv(lines: Lines) -> bytes:
    """The lines as RFC 4180 has them, in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    for line in lines:
        writer.writerow([_cell(cell) for cell in line])
    return text.getvalue().encode("utf-8", "replace")


def _at(row: Any, path: str) -> Any:
    for name in path.split("."):
        row = None if row is None else shown_value(row, name)
    return row


def _cell(value: Any) -> str | int | float | None:
    """Numbers as they are; of several things a list; text that can be no formula."""
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return value
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return _FORMULA.sub(r"\1'\2", for_terminal(text.replace("\r\n", "\n")))
