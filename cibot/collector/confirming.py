"""Asks REST whether changes known only by events exist and are visible to this account.

Gerrit's webhooks plugin posts events of private changes and of projects that this
account may not read, and whoever knows the token can post anything. So a change is
stored when REST has shown it, and a comment that REST does not hold is taken back.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cibot.collector.correcting import FEED, GRACE
from cibot.collector.gerrit import Gerrit, NotFound, change_key
from cibot.collector.ingest import Ingest
from cibot.collector.transport import Pace
from cibot.errors import CibotError, Stopping
from cibot.model import Change
from cibot.store.changes import Place, place_of
from cibot.store.set_aside import Aside

log = logging.getLogger(__name__)

_MOST_WAITING = 500  # changes; what does not fit is brought by the poll
_AT_ONCE = 100  # changes that are asked for after one poll
_RATE = 5.0  # requests a second
_LOOKED_AT = 100  # open changes that are looked at after one poll
_FEW = 10


class Confirmer:
    """Asks one Gerrit, by a client of its own: a long poll must not hold it up.

    ``ask`` returns at once; a thread asks. ``confirm`` asks for what waits for it.
    """

    def __init__(
        self,
        gerrit: Gerrit,
        sink: Ingest,
        clock: Callable[[], datetime],
        stop: threading.Event | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._gerrit = gerrit
        self._sink = sink
        self._clock = clock
        self._stop = stop or threading.Event()
        self._aside = aside
        self._pace = Pace(_RATE, self._stop)
        self._asking = threading.Lock()
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Place, None] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._below: int | None = None  # the row of the change that was looked at last

    def ask(self, change: Change) -> None:
        """Schedules a change known by events to be read from REST."""
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting[change.project, change.number] = None
            if self._thread is None and self._waiting:
                self._thread = threading.Thread(target=self._run, name="confirmer", daemon=True)
                self._thread.start()

    def settle(self, timeout: float) -> None:
        """Waits until what was asked for is answered."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def confirm(self) -> int:
        """Asks for what no poll has confirmed; returns how many changes that were."""
        places = self._sink.unconfirmed(self._clock() - GRACE, _AT_ONCE)
        for place in places:
            if self._stop.is_set() or not self._confirmed(place):
                break
        return len(places)

    def look_again(self) -> None:
        """Looks whether Gerrit still shows some of the open changes, others at each call.

        Its lists do not say that a change was made private or deleted.
        """
        places, self._below = self._sink.open_changes(self._below, _LOOKED_AT)
        if not places or not self._pace.keep():
            return
        numbers = sorted({number for _project, number in places})
        query = f"({' OR '.join(f'change:{number}' for number in numbers)})"
        try:
            with self._asking:
                page = self._gerrit.changes(query, limit=2 * _LOOKED_AT, options=())
        except Stopping:
            return
        except CibotError as error:
            log.warning("open changes were not looked at again cause=%s", error)
            return
        missing = [place for place in places if change_key(*place) not in page.keys]
        elsewhere = {change.number: place_of(change) for change in page.changes}
        gone = sum(number not in elsewhere for _project, number in missing)
        if len(places) >= _FEW and gone > len(places) / 2:
            log.warning(
                "Gerrit shows %d of %d open changes no more; may this account still read them?",
                gone, len(places),
            )  # fmt: skip
            return
        for place in missing:  # asked for by itself: the index may lag
            renamed = elsewhere.get(place[1])  # its project perhaps: that moves the change
            if not all(map(self._confirmed, [renamed, place] if renamed else [place])):
                return

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or self._stop.is_set():
                    self._thread = None
                    return
                place, _ = self._waiting.popitem(last=False)
            self._confirmed(place)

    def _confirmed(self, place: Place) -> bool:
        """False where Gerrit cannot say now."""
        with self._asking:
            if not self._pace.keep():
                return False
            asked_at = self._clock()
            try:
                change = self._gerrit.change(change_key(*place))
                change = replace(change, asked_at=asked_at)
                self._sink.ingest([change], feed=FEED, cursor=None, heard_at=self._clock())
            except NotFound as error:
                if not error.by_gerrit:  # a proxy's page says nothing of the change
                    return False
                log.info("a change that events told of is not to be seen change=%s~%d", *place)
                self._hide(place)
            except Stopping:
                return False
            except CibotError as error:
                log.warning("a change was not confirmed change=%s~%d cause=%s", *place, error)
                return False
            except Exception as error:  # whatever it is: the other changes are confirmed
                if self._aside is None:
                    log.exception("a change was not confirmed change=%s~%d", *place)
                else:
                    self._aside.put(change_key(*place), error)
        return True

    def _hide(self, place: Place) -> None:
        try:
            self._sink.hide([place])
        except CibotError as error:
            log.warning("a change was not hidden change=%s~%d cause=%s", *place, error)
