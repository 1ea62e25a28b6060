"""The thread that judges CIs: those with new reports first, all every few minutes.

CIs that have new reports are judged at once; all others come round every few
minutes, since silence comes without a report.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from cibot.config.models import Config
from cibot.errors import CibotError, Transient
from cibot.health.presence import NAME as SILENT
from cibot.health.signal import Health, parse_signals
from cibot.judging.judging import Judging
from cibot.model import State
from cibot.store.cis import all_cis
from cibot.store.engine import Store, Tx
from cibot.store.incidents import StoredHealth, health_of
from cibot.store.reports import cis_heard_since
from cibot.store.set_aside import Aside
from cibot.store.unjudged import forget_unjudged, unjudged

log = logging.getLogger(__name__)

_AT_LEAST_EVERY = timedelta(minutes=5)
_LOOK_BACK = timedelta(minutes=3)  # reports that another process stored since the last tick
_AGAIN_S = 15.0
_RAISED_AGAIN_S = 300.0
REST = 20  # a CI whose judging takes long is judged less often: a twentieth of the time at most
_SHARE = 4  # where many CIs write all the time, judging takes a quarter of it: webhooks come first


class Monitor:
    """Judges CIs; `heard` wakes it. Its `judge` may be called from any thread."""

    def __init__(
        self,
        store: Store,
        config: Config,
        clock: Callable[[], datetime],
        on_message: Callable[[], None] = lambda: None,
        leads: Callable[[], bool] = lambda: True,
        rest: int = REST,
    ) -> None:
        """After news a CI rests ``rest`` times as long as its judging took, or longer."""
        self._store = store
        self._clock = clock
        self._judge = Judging(store, config, clock)
        self._aside = Aside(store, "CI", clock)
        self._on_message = on_message
        self._leads = leads
        self._least_rest = rest
        self._dirty: set[int] = set()  # to be judged
        self._news: set[int] = set()  # of these, who has said something: they come first
        self._rests_until: dict[int, float] = {}
        self._lock = threading.Lock()
        self._judging = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    def start(self) -> None:
        """Starts the thread that judges what `heard` names."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends the thread after the CI under way, within ``timeout`` seconds."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout)

    def heard(self, ci_ids: set[int], *, news: bool = True) -> None:
        """Says that these CIs have new reports; without ``news`` they are only due."""
        with self._lock:
            self._dirty |= ci_ids
            if news:
                self._news |= ci_ids
        self._wake.set()

    def judge_unjudged(self) -> None:
        """Judges the CIs whose reports another process stored. Raises StoreError."""
        if ci_ids := self._store.read(unjudged):
            self._store.write(lambda tx: forget_unjudged(tx, ci_ids))
            self.heard(ci_ids)

    def judge_everybody(self) -> None:
        """Judges every CI: the leader before may have died between a report and its judging."""
        self.heard({ci.id for ci in self._store.read(all_cis)}, news=False)

    def judge_all(self) -> None:
        """Judges every CI that was heard lately or not judged for a while.

        One that is half way to a worse verdict, or of whose silence nothing could be said,
        is judged each time: a deadline passes, or a feed comes back, without a report.
        """
        now = self._clock()

        aside = self._aside.names()

        def due(tx: Tx) -> set[int]:
            judged = {health.ci_id: _due(health) for health in health_of(tx)}
            old = {
                ci.id
                for ci in all_cis(tx)
                if ci.name in aside or ci.id not in judged or now >= judged[ci.id]
            }
            return old | cis_heard_since(tx, now - _LOOK_BACK)

        self.heard(self._store.read(due), news=False)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._nap())
            self._wake.clear()
            while not self._stopping.is_set() and (taken := self._next()) is not None:
                if self._leads():
                    self._try(*taken)

    def _try(self, ci_id: int, news: bool) -> None:
        """Judges a CI; one that could not be judged waits for a while, and holds up no other.

        After news it rests, so that one that says much does not take all the time. After
        a round it does not: the next news shall be sent at once.
        """
        started = time.monotonic()
        try:
            self.judge(ci_id)
            if self._aside.names():
                self._aside.back({self._name(ci_id)})
        except Transient as error:
            log.warning("not judged ci=%d cause=%s", ci_id, error)
            self._rests_until[ci_id] = started + _AGAIN_S
            self.heard({ci_id}, news=news)
        except Exception as error:  # noqa: BLE001 - whatever it is: the other CIs are judged
            self._aside.put(self._name(ci_id), error)
            self._rests_until[ci_id] = started + _RAISED_AGAIN_S
            self.heard({ci_id}, news=news)
        else:
            if news:
                now = time.monotonic()
                self._rests_until[ci_id] = started + self._rest(now) * (now - started)

    def _rest(self, now: float) -> int:
        """How many times as long as its judging took a CI rests, by how many write now."""
        with self._lock:
            resting = {ci_id for ci_id, until in self._rests_until.items() if until > now}
            return max(self._least_rest, _SHARE * len(resting | self._news))

    def _name(self, ci_id: int) -> str:
        try:
            names = {ci.id: ci.name for ci in self._store.read(all_cis)}
        except CibotError:
            names = {}
        return names.get(ci_id, f"number {ci_id}")

    def _nap(self) -> float | None:
        """Seconds until a CI that rests may be judged; None when none waits."""
        with self._lock:
            waiting = [self._rests_until.get(ci_id, 0.0) for ci_id in self._dirty]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _next(self) -> tuple[int, bool] | None:
        """Takes one of the CIs that wait and do not rest, news before rounds; and which it is."""
        now = time.monotonic()
        with self._lock:
            ready = [ci_id for ci_id in self._dirty if self._rests_until.get(ci_id, 0.0) <= now]
            taken = min(ready, key=lambda ci_id: (ci_id not in self._news, ci_id), default=None)
            if taken is None:
                return None
            news = taken in self._news
            self._dirty.remove(taken)
            self._news.discard(taken)
        return taken, news

    def judge(self, ci_id: int) -> Health | None:
        """Judges one CI now: its health, its incidents and its messages.

        None where there is no such CI. Raises StoreError.
        """
        with self._judging:
            health, sent = self._judge.judge(ci_id)
        if sent:
            self._on_message()
        return health


def _due(health: StoredHealth) -> datetime:
    """When a CI that is not heard is judged again."""
    signals = parse_signals(health.signals)
    if not signals:  # another version wrote them: judging writes them again
        return health.assessed_at
    for signal in signals:
        if signal.rising or (signal.name == SILENT and signal.verdict is State.UNKNOWN):
            return health.assessed_at
    return health.assessed_at + _AT_LEAST_EVERY
