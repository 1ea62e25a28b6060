"""An answer as a terminal shows it: lines and tables of spans. Pure.

Questions build a `View`; `cibot.cli.watch` writes it, whatever it is written to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cibot.reports.context import Context
from cibot.text.card import Card, Line, line

T = TypeVar("T")
Cell = Line | str


@dataclass(frozen=True)  # with slots, Column[T](…) fails on Python 3.11
class Column(Generic[T]):
    """A column: its title, and what it shows of a row.

    A ``wide`` one is left out of a narrow terminal, a ``loose`` one is wrapped
    where the terminal is too narrow for all.
    """

    title: str
    show: Callable[[T], Cell]
    right: bool = False
    wide: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below titles; ``columns`` and each row are of one length."""

    columns: tuple[Column[Any], ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class View:
    """Lines and tables in their order; ``link`` is the page that has the whole answer."""

    parts: tuple[Line | Table, ...]
    link: str | None = None


def table(rows: Iterable[T], *columns: Column[T]) -> Table:
    """A row of cells for each of ``rows``; a column that is empty in every row is left out."""
    cells = [[_line(column.show(row)) for column in columns] for row in rows]
    filled = [place for place in range(len(columns)) if any(row[place] for row in cells)]
    return Table(
        tuple(columns[place] for place in filled),
        tuple(tuple(row[place] for place in filled) for row in cells),
    )


def of_card(card: Card) -> View:
    """The lines of a chat's answer."""
    return View(card.lines, card.link)


def head(card: Card, *parts: Line | Table, lines: int = 1) -> View:
    """The first ``lines`` of a chat's answer, with ``parts`` in place of its other lines."""
    filled = tuple(part for part in parts if not isinstance(part, Table) or part.rows)
    return View((*card.lines[:lines], *filled), card.link)


def _line(cell: Cell) -> Line:
    return (line(cell) if cell else ()) if isinstance(cell, str) else cell


Show = Callable[[Context], View]
"""Makes the view of an answer, with the moment and the addresses it is shown with."""
