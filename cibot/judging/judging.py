"""Judges CIs: brings their trackers up to date and stores health, incidents and messages.

Judging is a function of what is stored: it can be done again at any moment, in
any process, and a kill between two steps loses nothing. Its clock is that of the
messages, and it never runs ahead of the feeds: while ours is down, no time passes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.config.judgement import Policy
from cibot.config.models import Config
from cibot.health.branches import branches_json
from cibot.health.facts import DAY, known_moment, moment
from cibot.health.references import References
from cibot.health.rollup import DayCounts
from cibot.health.signal import Health, signals_json
from cibot.incidents.tracker import Tracker
from cibot.judging.facts import Reader, Scope
from cibot.judging.notifier import Judged, Notifier
from cibot.judging.recording import record
from cibot.judging.references import ReferenceLearner
from cibot.judging.trackers import Advanced, Trackers, spread_stored
from cibot.store.checkpoints import checkpoint_times, drop_checkpoints, put_checkpoint
from cibot.store.cis import KnownCi, all_cis
from cibot.store.engine import Store, Tx
from cibot.store.histories import (
    heard_at,
    last_heard,
    main_pipeline,
    servers_of,
)
from cibot.store.incidents import StoredHealth, health_of, put_health
from cibot.store.rollup import (
    MissedRow,
    RollUpRow,
    SpellRow,
    StoredChances,
    end_spells,
    has_rollup,
    put_chances,
    put_rollup,
    put_spells,
)

log = logging.getLogger(__name__)

_MOST_MISSED = 200  # patch sets that are kept of those that it missed
_UNDER_WAY = timedelta(seconds=2)
"""Gerrit's times are whole seconds, and heard later: what was said in the last ones is not late."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at the store gave: a tracker, how far it goes, and whether we hear."""

    ci: KnownCi
    reader: Reader
    advanced: Advanced
    health: Health
    feed_fresh: bool
    first: bool


class Judging:
    """Judges one CI after the other; `judge` is not for two threads at once."""

    def __init__(
        self,
        store: Store,
        config: Config,
        clock: Callable[[], datetime],
        horizon: Mapping[int, datetime] | None = None,
        *,
        tells: bool = True,
        watch: Callable[[KnownCi, Advanced], None] = lambda _ci, _advanced: None,
    ) -> None:
        """``horizon`` says how far each server's past goes, where no feed does.

        Without ``tells`` no message is written. ``watch`` sees each tracker that was
        advanced before its steps are forgotten.
        """
        self._store = store
        self._config = config
        self._clock = clock
        self._horizon = horizon
        self._policy = config.judgement.default  # of a CI that no override fits
        self._tells = tells
        self._watch = watch
        self._scopes = {ci.name: Scope(ci.projects, ci.branches) for ci in config.ci}
        self._notifier = Notifier(config)
        self._trackers = Trackers()
        self._learner = ReferenceLearner(config)
        self._chances: dict[int, StoredChances] = {}  # as they were written last
        self._retired = {entry.name for entry in config.ci if entry.retired}
        self._counted: set[int] = set()  # retired CIs that have their roll-up

    def references(self) -> References:
        """The reference of each project over time, as of the last read of the store."""
        return self._learner.references

    def judge(self, ci_id: int) -> tuple[Health | None, int]:
        """Judges one CI now: its health, its incidents and how many messages were added.

        None where there is no such CI, or where it is retired. Raises StoreError.
        """
        now = self._clock()
        seen = self._store.read(lambda tx: self._look(tx, ci_id, now))
        if seen is None:
            self._count_retired(ci_id, now)
            return None, 0
        sent, ids = self._store.write(lambda tx: self._write(tx, seen, now))
        self._learner.written()
        self._watch(seen.ci, seen.advanced)
        self._trackers.keep(ci_id, ids)
        return seen.health, sent

    def _look(self, tx: Tx, ci_id: int, now: datetime) -> _Look | None:
        ci = next((ci for ci in all_cis(tx) if ci.id == ci_id), None)
        if ci is None or ci.name in self._retired or ci.retired_at is not None:
            return None
        reader, policy = self._reader(tx, ci, now)
        newest = last_heard(tx, ci_id)
        until, fresh = self._until(tx, ci_id, newest, policy, now)
        advanced = self._trackers.advance(tx, reader, policy, until, now)
        health = advanced.tracker.judge.health(advanced.tracker.at, fresh)
        first = not health_of(tx, ci_id)
        return _Look(ci, reader, advanced, health, fresh, first)

    def _reader(self, tx: Tx, ci: KnownCi, now: datetime) -> tuple[Reader, Policy]:
        references = self._learner.learn(tx, ci.id, now)
        judgement, policy = self._config.judgement, self._policy
        if judgement.override:
            pipeline = main_pipeline(tx, ci.id) if judgement.by_pipeline else None
            policy = judgement.policy_of(ci.name, references.main_project(ci.id), pipeline)
        return Reader(ci, self._scopes.get(ci.name, Scope()), references, policy.uncounted), policy

    def _count_retired(self, ci_id: int, now: datetime) -> None:
        """Makes the roll-up of a CI that was retired before there was one."""
        if ci_id in self._counted:
            return
        advanced = self._store.read(lambda tx: self._past(tx, ci_id, now))
        if advanced is not None:

            def write(tx: Tx) -> None:
                _keep_rollup(tx, ci_id, advanced)
                end_spells(tx, ci_id, moment(advanced.tracker.at))

            self._store.write(write)
        self._counted.add(ci_id)

    def _past(self, tx: Tx, ci_id: int, now: datetime) -> Advanced | None:
        """The tracker of a CI until it left, where its roll-up is missing; it is not kept.

        One that the configuration retires left when it was heard last.
        """
        ci = next((ci for ci in all_cis(tx) if ci.id == ci_id), None)
        if ci is None or has_rollup(tx, ci_id):
            return None
        left = ci.retired_at or last_heard(tx, ci_id)
        if left is None:
            return None
        return Trackers().advance(tx, *self._reader(tx, ci, now), left.timestamp(), now)

    def _until(
        self, tx: Tx, ci_id: int, newest: datetime | None, policy: Policy, now: datetime
    ) -> tuple[float, bool]:
        """How far time may pass: as far as all feeds of its servers have heard."""
        heard = heard_at(tx) if self._horizon is None else self._horizon
        servers = servers_of(tx, ci_id)
        times = [heard[server] for server in servers if server in heard]
        all_heard = bool(servers) and len(times) == len(servers)
        until = min(times) if all_heard else None
        fresh = until is not None and now - until <= policy.feed_stale
        if until is not None and self._horizon is None:
            until -= _UNDER_WAY
        if newest is not None and (until is None or newest > until):
            until = newest
        return (until.timestamp() if until else 0.0), fresh

    def _write(self, tx: Tx, seen: _Look, now: datetime) -> tuple[int, dict[datetime, int]]:
        """Returns how many messages were added, and the incidents' ids by when they began."""
        ci, tracker = seen.ci, seen.advanced.tracker
        self._learner.store(tx)
        incidents = record(tx, ci.id, seen.advanced, self._config.judgement.uncounted)
        for incident in incidents:
            if incident.last is not None:
                log.info(
                    "incident ci=%s id=%d step=%s signal=%s severity=%s",
                    ci.name,
                    incident.stored.id,
                    incident.last.name,
                    incident.last.signal,
                    incident.last.severity.value,
                )
        _keep_health(tx, seen, now)
        self._keep_chances(tx, ci.id, tracker)
        _keep_rollup(tx, ci.id, seen.advanced)
        ids = {incident.incident.began_at: incident.stored.id for incident in incidents}
        self._store_checkpoints(tx, ci.id, ids)
        at = tracker.at
        home_projects = seen.reader.references.home_projects(ci.id)
        around = Judged(
            ci,
            seen.feed_fresh,
            frozenset(
                reference
                for project in home_projects
                if (reference := seen.reader.references.periods_of(project).at(at)) is not None
            ),
            frozenset(home_projects),
            seen.health.branches,
            seen.first,
        )
        sent = self._notifier.tell(tx, around, incidents, now) if self._tells else 0
        return sent, ids

    def _keep_chances(self, tx: Tx, ci_id: int, tracker: Tracker) -> None:
        """Writes what it had to report on, where that changed since it was written last."""
        judge = tracker.judge
        chances, window = judge.chances, judge.policy.coverage.window.total_seconds()
        n, missed = chances.recent.count
        row = StoredChances(
            ci_id,
            n,
            missed,
            chances.missed,
            judge.latency.allowed(tracker.at),
            tuple(
                MissedRow(*each[:2], moment(each.uploaded_at), moment(each.deadline))
                for each in chances.missed_since(chances.last - window)[:_MOST_MISSED]
            ),
        )
        if self._chances.get(ci_id) != row:
            put_chances(tx, row)
            self._chances[ci_id] = row

    def _store_checkpoints(self, tx: Tx, ci_id: int, ids: Mapping[datetime, int]) -> None:
        wrong = self._trackers.wrong_from(ci_id)
        if wrong is not None:
            drop_checkpoints(tx, ci_id, wrong)
        for stored in self._trackers.to_store(ci_id, ids):
            put_checkpoint(tx, stored, spread_stored(checkpoint_times(tx, ci_id), stored.at))


def _keep_health(tx: Tx, seen: _Look, now: datetime) -> None:
    put_health(
        tx,
        StoredHealth(
            seen.ci.id,
            seen.health.state.value,
            _bad_since(seen) or _well_since(seen.advanced.tracker),
            now,
            signals_json(seen.health.signals),
            branches_json(seen.health.branches),
        ),
    )


def _bad_since(seen: _Look) -> datetime | None:
    """When its trouble began, as its incident says: what a signal looks at slides on with time."""
    health, incident = seen.health, seen.advanced.tracker.incident
    verdicts = {signal.name: signal.verdict for signal in health.signals}
    if health.state.bad and incident is not None and incident.open:
        firing = (each for each in incident.symptoms if each.fires)
        same = (each for each in firing if verdicts.get(each.signal) is health.state)
        worst = min(same, key=lambda symptom: symptom.order, default=None)
        if worst is not None:
            return worst.began
    return health.since


def _well_since(tracker: Tracker) -> datetime | None:
    """Since when nothing is wrong: since the last incident was over, else since it was heard."""
    incident = tracker.incident
    if incident is not None and incident.opened_at is not None and incident.resolved_at:
        return incident.resolved_at
    first = tracker.judge.chances.rhythm.first
    return moment(first) if first else None


def _keep_rollup(tx: Tx, ci_id: int, advanced: Advanced) -> None:
    """Stores what was counted since the tracker went on, or went back."""
    tracker, since = advanced.tracker, advanced.since
    rows = (
        RollUpRow(ci_id, *key, *(getattr(counts, name) for name in DayCounts.__slots__))
        for key, counts in tracker.judge.rollup.since(since).items()
    )
    put_rollup(tx, ci_id, int(since // DAY), rows)
    spells = [
        SpellRow(
            ci_id, spell.signal, moment(spell.since), spell.state.value, known_moment(spell.until)
        )
        for spell in (*tracker.spells.ended, *tracker.spells.open.values())
    ]
    put_spells(tx, ci_id, moment(since), spells)
