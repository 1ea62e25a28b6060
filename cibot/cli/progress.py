"""How far a command is, shown on a terminal while it works."""

from __future__ import annotations

import threading
from datetime import datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TimeElapsedColumn,
)

from cibot.bootstrap import GerritSource, utc_now
from cibot.collector.backfill import Progress as Reached
from cibot.collector.backfill import backfill
from cibot.collector.gathering import ReadSummary


def progress(*columns: str | ProgressColumn) -> Progress:
    """A bar for each task, on standard error; gone when the work is done."""
    screen = Console(stderr=True)
    return Progress("{task.description}", BarColumn(), *columns, console=screen, transient=True)


def read_history(
    source: GerritSource,
    since: datetime,
    until: datetime | None = None,
    project: str | None = None,
    *,
    rate: float | None,
    stop: threading.Event,
) -> ReadSummary:
    """Reads a server's past with a bar of how far it is; ``rate`` is requests a second."""
    with progress(TaskProgressColumn(), "{task.fields[said]}", TimeElapsedColumn()) as bar:
        task = bar.add_task(source.config.name, total=1.0, said="")

        def show(reached: Reached) -> None:
            said = f"{reached.counts.changes:,} changes, down to {reached.reached:%Y-%m-%d}"
            bar.update(task, completed=reached.fraction, said=said)

        return backfill(
            source.gerrit,
            source.ingest,
            since,
            until,
            project,
            progress=show,
            rate=rate,
            stop=stop,
            clock=utc_now,
        )
