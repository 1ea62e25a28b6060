"""Reading history: from now, or a day, down to a day, politely and resumably."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cibot.collector.cursor import Cursor
from cibot.collector.gathering import Gathering, ReadSummary
from cibot.collector.gerrit import Gerrit
from cibot.collector.sink import IngestCounts, Sink
from cibot.collector.transport import Pace
from cibot.errors import Transient, UserError
from cibot.text.projects import in_projects

_OVERLAP = timedelta(minutes=2)
_MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is: ``fraction`` (0..1) of the time span is behind it."""

    counts: IngestCounts
    reached: datetime
    fraction: float


def backfill(
    gerrit: Gerrit,
    sink: Sink,
    since: datetime,
    until: datetime | None = None,
    project: str | None = None,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    rate: float | None = 2.0,
    page_size: int = 100,
    stop: threading.Event | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ReadSummary:
    """Store every change that was last updated from ``since`` to ``until`` (None: now).

    ``rate`` is the most pages a second. Interrupted, the same call goes on from
    the last page stored; finished, it reads all again, which stores nothing
    twice. What moves while it runs is read at the end. Raises UserError for an
    empty span, Transient when ``stop`` is set, and what `Gerrit` and the sink raise.
    """
    end = until or clock()
    if since >= end:
        raise UserError("a backfill must begin before it ends; give an earlier day to begin with")
    feed = feed_name(since, until, project)
    gathering = Gathering(
        gerrit=gerrit,
        sink=sink,
        feed=feed,
        scope=in_projects([project] if project else []),
        page_size=page_size,
        clock=clock,
    )
    resumed = gathering.cursor != Cursor()
    pace = Pace(rate, stop or threading.Event())
    for reached in _ways(gathering, since, until):
        progress(_progress(gathering, since, end, reached))
        if not pace.keep():
            raise Transient("the backfill was stopped; the same command goes on from here")
    gathering.retry_failed()
    gathering.cursor = Cursor()
    gathering.store([])
    return gathering.summary(resumed=resumed)


def _progress(
    gathering: Gathering, since: datetime, end: datetime, reached: datetime | None
) -> Progress:
    at = max(since, reached or since)
    fraction = 1.0 if gathering.cursor.done else (end - at) / (end - since)
    return Progress(gathering.counts, at, min(1.0, max(0.0, fraction)))


def feed_name(since: datetime, until: datetime | None, project: str | None) -> str:
    """The feed of this span and project, at most 40 characters."""
    asked = f"{since.isoformat()} {until.isoformat() if until else ''} {project or ''}"
    return f"backfill:{since:%Y-%m-%d}:{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def _ways(
    gathering: Gathering, since: datetime, until: datetime | None
) -> Iterator[datetime | None]:
    """The way down, then the ways through what moved above us meanwhile."""
    walk = gathering.cursor.walk
    if walk:
        yield from gathering.descend(walk.low, walk.at, walk.top)
    elif gathering.cursor.done is None:
        yield from gathering.descend(since, until, None)
    for _ in range(_MOST_ROUNDS):
        before, done = gathering.pages, gathering.cursor.done
        assert done is not None
        yield from gathering.descend(done - _OVERLAP, None, None)
        if gathering.pages == before + 1:  # one answer: nothing can move inside it
            return
