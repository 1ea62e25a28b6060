"""One line a figure: what was measured, against which floor, and what it should be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure; ``meets`` is None where there is no target."""

    name: str
    value: str
    floor: str = ""
    ratio: float | None = None
    target: str = ""
    meets: bool | None = None


def show(figures: Iterable[Figure]) -> None:
    """Prints the figures as a table."""
    table = Table(title="cibot, measured", title_justify="left")
    for heading in ("figure", "measured", "floor", "ratio", "target", ""):
        table.add_column(heading, overflow="fold")
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        mark = {None: "", True: "met", False: "not met"}[figure.meets]
        table.add_row(figure.name, figure.value, figure.floor, ratio, figure.target, mark)
    Console(width=130).print(table)
