"""Going down through a server's changes, newest first, losing none that moves.

A change that gets a comment jumps to the top of Gerrit's list, and everything
below it moves down by one: paging by offset then skips and repeats rows. So the
next page is asked for by the last row's ``updated`` (``before:`` is inclusive,
whole seconds), and an offset serves only inside one second that holds more
changes than a page. What jumps from below to above while we walk is updated
after the walk began: whoever walks looks there again afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.collector.gerrit import BrokenAnswer, ChangesPage, Gerrit, TooMuch, change_key
from cibot.errors import Transient
from cibot.model import Change

log = logging.getLogger(__name__)

_MOST_RESTARTS = 20  # of one second whose changes leave while it is paged
_MOST_IDLE = 30  # pages that bring nothing new and come no further down
_MOST_IN_A_SECOND = 20_000  # changes


@dataclass(frozen=True, slots=True)
class WalkStep:
    """One page on the way down, without the rows that were seen before.

    Everything updated after ``reached`` is behind us; a walk that is broken off
    here goes on with ``before=reached``. None when the way is done.
    """

    changes: list[Change]
    broken: tuple[BrokenAnswer, ...]
    reached: datetime | None
    served_at: datetime | None


def descend(
    gerrit: Gerrit,
    scope: str,
    *,
    after: datetime,
    before: datetime | None,
    page_size: int,
    most_pages: int | None = None,
) -> Iterator[WalkStep]:
    """The changes updated from ``after`` to ``before`` (both inclusive, None: now), newest first.

    Pages that are too much for the server get smaller. Raises what
    `Gerrit.changes` raises, and Transient after ``most_pages`` or where the server
    says again and again that there is more. The last step has ``reached`` None.
    """
    way = _Way(None if before is None else _whole_second(before))
    more, pages = True, 0
    while more:
        try:
            page = gerrit.changes(_query(scope, after, way.bound), limit=page_size, start=way.skip)
        except TooMuch as error:
            if page_size < 4:
                raise
            page_size //= 4
            log.warning("asking for smaller pages: page_size=%d reason=%s", page_size, error)
            continue
        fresh = way.fresh(page)
        more = way.go_on(page)
        pages += 1
        if more:
            _expect_an_end(gerrit.url, way, pages, most_pages)
        yield WalkStep(fresh, page.broken, way.bound if more else None, page.served_at)


def _expect_an_end(url: str, way: _Way, pages: int, most_pages: int | None) -> None:
    """Raises Transient where a server has more pages than any should."""
    if way.idle > _MOST_IDLE:
        raise Transient(f"{url}: {way.idle} pages brought nothing new, and it says there are more")
    if way.skip > _MOST_IN_A_SECOND:
        raise Transient(
            f"{url}: more than {_MOST_IN_A_SECOND:,} changes of one second"
            f" ({way.bound:%Y-%m-%d %H:%M:%S}); is it a Gerrit, and does its index work?"
        )
    if most_pages is not None and pages >= most_pages:
        raise Transient(f"{url}: {pages:,} pages are read; the next poll goes on from there")


class _Way:
    """How far down we are: the bound, the offset inside it, and what was seen there."""

    def __init__(self, bound: datetime | None) -> None:
        self.bound = bound
        self.skip = 0
        self._seen: set[tuple[str, datetime]] = set()
        self._hinge: str | None = None  # the row that must come first on the next page
        self._restarts = 0
        self.idle = 0  # pages in a row that brought nothing new and came no further down

    def fresh(self, page: ChangesPage) -> list[Change]:
        """The changes of the page that were not on the way yet."""
        fresh = [change for change in page.changes if _state(change) not in self._seen]
        self._seen.update(map(_state, fresh))
        self.idle = 0 if fresh else self.idle + 1
        return fresh

    def go_on(self, page: ChangesPage) -> bool:
        """Choose where the next page begins; False when there is none."""
        low = None if page.last_updated is None else _whole_second(page.last_updated)
        if self._slipped(page):
            self._restarts += 1
            self.skip, self._hinge = 0, None
            return True
        if not page.more:
            return False
        if low is not None and (self.bound is None or low < self.bound):
            self.bound, self.skip, self._restarts, self.idle = low, 0, 0, 0
            self._seen = {seen for seen in self._seen if seen[1] <= low}
        else:  # a whole page inside one second: one row is asked for again, as a hinge
            self.skip += max(1, len(page.keys) - 1)
        self._hinge = page.keys[-1] if self.skip and len(page.keys) > 1 else None
        return True

    def _slipped(self, page: ChangesPage) -> bool:
        """Whether changes left the second while we paged in it, so that rows moved up."""
        if self._hinge is None or page.keys[:1] == (self._hinge,):
            return False
        if self._restarts >= _MOST_RESTARTS:
            log.warning("paging goes on although the rows keep moving: bound=%s", self.bound)
            return False
        return True


def _state(change: Change) -> tuple[str, datetime]:
    return change_key(change.project, change.number), change.updated


def _whole_second(moment: datetime) -> datetime:
    """The second's end where ``moment`` lies inside one: old servers keep fractions."""
    if not moment.microsecond:
        return moment
    return moment.replace(microsecond=0) + timedelta(seconds=1)


def _query(scope: str, after: datetime, before: datetime | None) -> str:
    parts = [f'after:"{after:%Y-%m-%d %H:%M:%S}"']
    if before is not None:
        parts.append(f'before:"{before:%Y-%m-%d %H:%M:%S}"')
    if scope:
        parts.append(scope)
    return " ".join(parts)
