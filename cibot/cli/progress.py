"""How far a command is, shown on a terminal while it works."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn


def progress(*columns: str | ProgressColumn) -> Progress:
    """A bar for each task, on standard error; gone when the work is done."""
    screen = Console(stderr=True)
    return Progress("{task.description}", BarColumn(), *columns, console=screen, transient=True)
