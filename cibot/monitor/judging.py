"""Stored reports → health → incidents → outbox, in one transaction a CI.

Judging is a function of what is stored and of the time: it can be done again
at any moment, in any process, and a kill between two steps loses nothing. A
thread judges the CIs that have new reports; all others come round every few
minutes, since silence comes without a report.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from cibot.alerts.incident import Incident, is_bad, step
from cibot.alerts.incidentrow import incident_from_row, incident_row
from cibot.config import Config
from cibot.errors import CibotError
from cibot.health.assess import assess
from cibot.health.policy import Policy
from cibot.health.signal import Health, Signal, signal_row
from cibot.health.silence import NAME as SILENT
from cibot.model import State
from cibot.monitor.observer import Observation, Observer
from cibot.monitor.teller import Step, Teller
from cibot.store.cis import KnownCi, all_cis
from cibot.store.engine import Store, Tx
from cibot.store.incidents import (
    StoredHealth,
    StoredIncident,
    add_incident,
    add_transition,
    health_of,
    newest_incidents,
    put_health,
    update_incident,
)
from cibot.store.reports import cis_heard_since

log = logging.getLogger(__name__)

_AT_LEAST_EVERY = timedelta(minutes=5)
_LOOK_BACK = timedelta(minutes=3)  # reports that another process stored since the last tick
_AGAIN_S = 15.0
_REST = 20  # a CI whose judging takes long is judged less often: a twentieth of the time at most


class Monitor:
    """Judges CIs; `heard` wakes it. Its `judge` may be called from any thread."""

    def __init__(
        self,
        store: Store,
        config: Config,
        policy: Policy,
        clock: Callable[[], datetime],
        on_message: Callable[[], None] = lambda: None,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._observer = Observer(config, policy)
        self._teller = Teller(config)
        self._on_message = on_message
        self._leads = leads
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

    def judge_all(self) -> None:
        """Judges every CI that was heard lately or not judged for a while.

        One that is half way to a worse verdict, or of whose silence nothing could be said,
        is judged each time: a deadline passes, or a feed comes back, without a report.
        """
        now = self._clock()

        def due(tx: Tx) -> set[int]:
            judged = {one.ci_id: _due(one) for one in health_of(tx)}
            old = {one.id for one in all_cis(tx) if one.id not in judged or now >= judged[one.id]}
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
        """Judges a CI; one that could not be judged waits for a while.

        After news it rests, so that one that says much does not take all the time. After
        a round it does not: the next news shall be told at once.
        """
        started = time.monotonic()
        try:
            self.judge(ci_id)
        except CibotError as error:
            log.warning("not judged ci=%d cause=%s", ci_id, error)
            self._rests_until[ci_id] = started + _AGAIN_S
            self.heard({ci_id}, news=news)
            return
        if news:
            self._rests_until[ci_id] = started + _REST * (time.monotonic() - started)

    def _nap(self) -> float | None:
        """Seconds until a CI that rests may be judged; None when nobody waits."""
        with self._lock:
            waiting = [self._rests_until.get(one, 0.0) for one in self._dirty]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _next(self) -> tuple[int, bool] | None:
        """Takes one of the CIs that wait and do not rest, news before rounds; and which it is."""
        now = time.monotonic()
        with self._lock:
            ready = [one for one in self._dirty if self._rests_until.get(one, 0.0) <= now]
            taken = min(ready, key=lambda one: (one not in self._news, one), default=None)
            if taken is None:
                return None
            news = taken in self._news
            self._dirty.remove(taken)
            self._news.discard(taken)
        return taken, news

    def judge(self, ci_id: int) -> Health | None:
        """Judges one CI now: its health, its incidents and what is told, in one commit.

        None where there is no such CI. Raises StoreError.
        """
        with self._judging:
            now = self._clock()
            health, told = self._store.write(lambda tx: self._judge(tx, ci_id, now))
        if told:
            self._on_message()
        return health

    def _judge(self, tx: Tx, ci_id: int, now: datetime) -> tuple[Health | None, int]:
        ci = next((one for one in all_cis(tx) if one.id == ci_id), None)
        if ci is None:
            return None, 0
        seen = self._observer.observe(tx, ci, now)
        health = assess(
            self._policy, seen.judged, seen.eligible, seen.last_heard, seen.feed_fresh, now
        )
        _keep(tx, ci.id, health, seen, now)
        steps = [
            one
            for signal in health.signals
            if signal.counts
            for one in self._step(tx, ci, signal, now)
        ]
        told = self._teller.tell(tx, ci, health, seen, steps, now) if steps else 0
        return health, told

    def _step(self, tx: Tx, ci: KnownCi, signal: Signal, now: datetime) -> list[Step]:
        """Moves the incident of a signal's kind; what is open is returned, moved or not."""
        stored = newest_incidents(tx, ci.id).get(signal.name)
        before = _read(stored)
        after, transition = step(before, signal, now, self._policy.incident)
        if after is None or (stored is not None and after == before and not after.open):
            return []
        stored = _store(tx, ci.id, after, stored)
        seq = 0
        if transition is not None:
            seq = add_transition(tx, stored.id, now, transition.name, transition.reason)
            log.info(
                "incident ci=%s kind=%s step=%s id=%d reason=%s",
                ci.name,
                signal.name,
                transition.name,
                stored.id,
                transition.reason,
            )
        return [Step(stored, _with_id(after, stored.id), transition, seq, is_bad(signal))]


def _due(health: StoredHealth) -> datetime:
    """When a CI that is not heard is judged again."""
    for one in json.loads(health.signals):
        if one["rising"] or (one["name"] == SILENT and one["verdict"] == State.UNKNOWN):
            return health.assessed_at
    return health.assessed_at + _AT_LEAST_EVERY


def _with_id(incident: Incident, incident_id: int) -> Incident:
    return replace(incident, id=incident_id)


def _read(stored: StoredIncident | None) -> Incident | None:
    return incident_from_row(json.loads(stored.body), stored.id) if stored else None


def _store(tx: Tx, ci_id: int, incident: Incident, before: StoredIncident | None) -> StoredIncident:
    """Writes an incident: over the one it continues, or as a new one."""
    same = before is not None and incident.id == before.id
    row = StoredIncident(
        before.id if before is not None and same else 0,
        ci_id,
        incident.kind,
        incident.phase.value,
        incident.opened_at,
        incident.resolved_at,
        incident.changed_at,
        json.dumps(incident_row(incident), ensure_ascii=False, separators=(",", ":")),
        before.told if before is not None and same else False,
    )
    if not same:
        row = replace(row, id=add_incident(tx, row))
    elif row != before:
        update_incident(tx, row)
    return row


def _keep(tx: Tx, ci_id: int, health: Health, seen: Observation, now: datetime) -> None:
    """Stores the health; the time since when a state lasts outlives each judging."""
    before = next(iter(health_of(tx, ci_id)), None)
    since = health.since or now
    if before is not None and before.state == health.state.value and before.since is not None:
        since = min(since, before.since)
    signals = [signal_row(one) for one in health.signals]
    put_health(
        tx,
        StoredHealth(
            ci_id,
            health.state.value,
            since,
            now,
            seen.last_heard,
            json.dumps(signals, ensure_ascii=False, separators=(",", ":")),
        ),
    )
