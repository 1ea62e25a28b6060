"""One way down, committed page by page: what the poller and the backfill share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from cibot.collector.cursor import Cursor, Walk
from cibot.collector.gerrit import BrokenAnswer, Gerrit, NotFound, change_key
from cibot.collector.sink import IngestCounts, Sink
from cibot.collector.walk import WalkStep, descend
from cibot.errors import CibotError, Permanent, Stopping, Transient, reason_of
from cibot.model import Change
from cibot.store.set_aside import Aside

T = TypeVar("T")


def ahead(source: Iterator[T]) -> Iterator[T]:
    """What ``source`` yields, each one made in a thread while the one before is used.

    At most one is made in advance. What ``source`` raises is raised here, in its place.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = thread.submit(_next, source)
        while made := coming.result():
            coming = thread.submit(_next, source)
            yield made[0]


def _next(source: Iterator[T]) -> tuple[T] | None:
    """The next one alone in a tuple; None at the end, which no future can raise."""
    for item in source:
        return (item,)
    return None


log = logging.getLogger(__name__)


def stored_cursor(sink: Sink, feed: str) -> Cursor:
    """How far a feed has read; its beginning where what is stored cannot be read."""
    try:
        return Cursor.load(sink.load_cursor(feed))
    except Permanent as error:
        log.error("reading feed %s from its beginning: %s", feed, error)  # noqa: TRY400
        return Cursor()


@dataclass(frozen=True, slots=True)
class ReadSummary:
    """What a poll or a backfill brought; ``resumed`` where it went on with an interrupted one.

    Changes in ``broken`` that have a number are asked for again by the next polls.
    """

    counts: IngestCounts
    pages: int
    broken: tuple[BrokenAnswer, ...]
    resumed: bool


@dataclass(slots=True)
class Gathering:
    """A feed's way from Gerrit to the sink.

    Every page is one ingest with the cursor to go on from, so that a kill
    between any two steps costs at most one page read again.
    """

    gerrit: Gerrit
    sink: Sink
    feed: str
    scope: str
    page_size: int
    clock: Callable[[], datetime]
    most_pages: int | None = None
    aside: Aside | None = None
    cursor: Cursor = field(init=False)
    counts: IngestCounts = field(default_factory=IngestCounts)
    pages: int = 0
    _broken: list[BrokenAnswer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cursor = stored_cursor(self.sink, self.feed)

    def summary(self, *, resumed: bool) -> ReadSummary:
        """What was read so far."""
        return ReadSummary(self.counts, self.pages, self.broken, resumed)

    @property
    def broken(self) -> tuple[BrokenAnswer, ...]:
        """What could not be read and was not read later either, each change once."""
        by_key = {row.key: row for row in self._broken if row.key is not None}
        return (*by_key.values(), *(row for row in self._broken if row.key is None))

    def descend(
        self, low: datetime, before: datetime | None, top: datetime | None
    ) -> Iterator[datetime | None]:
        """Walk from ``before`` (None: now) down to ``low``; yields how far it came.

        ``top`` is where the walk began in time, None for a fresh one: then it is
        the clock of the first answer. When it is done the cursor stands there.
        """
        asked_at = self.clock()
        steps = descend(
            self.gerrit,
            self.scope,
            after=low,
            before=before,
            page_size=self.page_size,
            most_pages=self.most_pages,
        )
        for step in ahead(steps):  # Gerrit answers while the database writes
            self.pages += 1
            if top is None:
                top = self._began(step)
            for row in step.broken:
                self._set_aside(row.key, row.reason)
            if step.reached is None:
                self.cursor = replace(self.cursor, done=top, walk=None)
            else:
                self.cursor = replace(self.cursor, walk=Walk(low, top, step.reached))
            self.store([replace(change, asked_at=asked_at) for change in step.changes])
            yield step.reached

    def _began(self, step: WalkStep) -> datetime:
        """The earlier of the server's clock and ours: to look back too far loses nothing."""
        now = self.clock()
        return min(now, step.served_at) if step.served_at else now

    def _set_aside(self, key: str | None, why: Exception | str) -> None:
        """Notes a change that cannot be read or stored; it is tried again by the next ones."""
        reason = why if isinstance(why, str) else reason_of(why)
        self._broken.append(BrokenAnswer(key, reason))
        if key is not None:
            self.cursor = self.cursor.with_failed([key])
        if self.aside is None or key is None:
            log.error("a change is not readable: change=%s reason=%s", key, reason)
        else:
            self.aside.put(key, why)

    def store(self, changes: list[Change]) -> None:
        """One ingest, with the cursor as it stands; what raises in it holds up no other change."""
        try:
            self._ingest(changes, self.cursor.dump())
        except Transient:
            raise
        except Exception:  # whatever it is: one of them is to blame, and is found alone
            if not changes:
                raise
            log.warning("changes are stored one by one", exc_info=True)
            for change in changes:
                self._store_alone(change_key(change.project, change.number), change)
            self._ingest([], self.cursor.dump())

    def _store_alone(self, key: str, change: Change) -> None:
        try:
            self._ingest([change], None)
            self._forget(key)
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: the other changes are stored
            self._set_aside(key, error)

    def _ingest(self, changes: list[Change], cursor: str | None) -> None:
        self.counts += self.sink.ingest(
            changes, feed=self.feed, cursor=cursor, heard_at=self.clock()
        )
        if self.aside is not None:
            self.aside.back({change_key(change.project, change.number) for change in changes})

    def retry_failed(self) -> None:
        """Ask again, one by one, for the changes that could not be read before."""
        for key in list(self.cursor.failed):
            asked_at = self.clock()
            try:
                change = replace(self.gerrit.change(key), asked_at=asked_at)
            except NotFound:
                self._forget(key)
            except Stopping:
                raise
            except CibotError as error:
                self._set_aside(key, str(error))
            else:
                self._store_alone(key, change)
            self.store([])

    def _forget(self, key: str) -> None:
        self.cursor = self.cursor.without_failed(key)
        self._broken = [row for row in self._broken if row.key != key]
        if self.aside is not None:
            self.aside.back({key})
