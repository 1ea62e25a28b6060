"""The poll: every change that moved since the last one, each page in one transaction.

An idle poll is one request. A long absence is caught up from the newest change
down; the cursor tells how far, so a crash on the way costs one page. What
arrives during the catching up is read right after it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cibot.collector.gathering import Gathering, ReadSummary
from cibot.collector.gerrit import Gerrit
from cibot.collector.sink import Sink
from cibot.store.set_aside import Aside
from cibot.text.projects import in_projects

log = logging.getLogger(__name__)

FEED = "poll"
_MOST_PAGES = 1000  # on one way; the next poll goes on


def poll(
    gerrit: Gerrit,
    sink: Sink,
    *,
    overlap: timedelta,
    page_size: int,
    projects: Sequence[str],
    clock: Callable[[], datetime],
    first_look: timedelta = timedelta(days=7),
    aside: Aside | None = None,
) -> ReadSummary:
    """Reads what moved on a Gerrit and stores it. Raises what `Gerrit` and the sink raise.

    After an error the next poll goes on from the last page that was stored. ``overlap`` is how
    far each poll looks back behind the last one, for the index's lag and clocks that differ;
    ``first_look`` is how far the first poll ever looks. ``projects`` are names, names with
    ``*``, or ``^`` and a regular expression; empty for all. ``clock`` tells the time in UTC.
    """
    gathering = Gathering(
        gerrit=gerrit,
        sink=sink,
        feed=FEED,
        scope=in_projects(projects),
        page_size=page_size,
        clock=clock,
        most_pages=_MOST_PAGES,
        aside=aside,
    )
    gathering.retry_failed()
    walk = gathering.cursor.walk
    if walk:
        log.info("going on with an interrupted poll: at=%s low=%s", walk.at, walk.low)
        for _ in gathering.descend(walk.low, walk.at, walk.top):
            pass
    now, done = clock(), gathering.cursor.done
    # A cursor of the future was written under a wrong clock.
    low = now - first_look if done is None else min(done, now) - overlap
    for _ in gathering.descend(low, None, None):
        pass
    return gathering.summary(resumed=walk is not None)
