"""Brings the trackers of CIs up to date, and goes back where something came late.

A tracker is a function of what is stored, so its inputs can be replayed from any earlier
state: a few are in memory, some are stored as checkpoints. What arrived since the last time
and happened before it is late, and is replayed from a state before it.
"""

from __future__ import annotations

import hashlib
import logging
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cibot.config.judgement import Policy
from cibot.health.facts import DAY, known_moment, moment
from cibot.health.references import ANY_BRANCH, ReferencePeriods
from cibot.incidents.tracker import IncidentStep, Tracker
from cibot.judging.facts import Reader
from cibot.store.checkpoints import StoredCheckpoint, newest_checkpoint, pack, unpack
from cibot.store.engine import Tx
from cibot.store.histories import (
    KNOWN,
    LATER,
    LOOK_BACK,
    Arrived,
    arrived,
    first_report_of,
    full_at,
)

log = logging.getLogger(__name__)

VERSION = 41  # of the judgement: another one replays every CI
_LITTLE = 600.0  # seconds that are replayed at once, whatever was said
_FULL = 1000  # reports of a CI, or of its reference, that are replayed at once
_BEFORE_FIRST = 4 * DAY
_REFERENCED = 7 * DAY  # seconds for which a project must have had another CI as reference
_IN_MEMORY = 8
_KEEP_EVERY = 3600.0  # seconds between two states that are stored
_STOPS = (4 * DAY, 12 * 3600.0, 2 * 3600.0)
"""How long before the end of a long past states are kept: a patch set is often heard of with the
first comment on it, hours after it came."""
_LATEST = 2.0
"""The same where many write at once: what is said in one second is heard in several parts, and
goes back behind the second that was judged last, to the judging before it if nothing is nearer."""
_MOST_LOADED = 256  # in memory; the others are read from the store
_SEEN = "seen"  # in a checkpoint
_Moment = tuple[str, datetime]  # what kind of thing was heard when


@dataclass(slots=True)
class LoadedTracker:
    """A tracker in memory, and what is needed to go on with it."""

    tracker: Tracker
    basis: str
    marked_at: datetime | None  # what was heard before is in it
    seen: array[int] = field(default_factory=lambda: array("q"))
    """What was heard since then, and is in it, as `_seen` sums it up."""
    periods: dict[str, dict[str, ReferencePeriods]] = field(default_factory=dict)
    states: list[tuple[float, bytes]] = field(default_factory=list)  # earlier ones, packed
    stored_at: float = 0.0
    home_projects: set[str] | None = None  # the CI's projects then; None where that is not known
    passed: list[tuple[float, bytes]] = field(default_factory=list)  # packed; not yet in states
    wrong_from: float | None = None  # states of that time and later know less than they should


@dataclass(slots=True)
class Advanced:
    """The result: the steps since ``since``; ``again`` where a part or all was replayed."""

    tracker: Tracker
    since: float
    again: bool
    steps: list[IncidentStep]


class Trackers:
    """The trackers of all CIs, as far as this process judged them."""

    def __init__(self) -> None:
        self._loaded: dict[int, LoadedTracker] = {}
        self._under_way: dict[int, LoadedTracker] = {}  # advanced, and not yet written

    def advance(
        self, tx: Tx, reader: Reader, policy: Policy, until: float, now: datetime
    ) -> Advanced:
        """Brings a CI's tracker up to ``until`` (seconds of the epoch).

        What is not written afterwards, as `keep` says, did not come to be: the next time
        the tracker is read from the store.
        """
        ci_id, basis = reader.ci.id, basis_of(reader, policy)
        loaded = self._loaded.pop(ci_id, None)
        if loaded is None or loaded.basis != basis:
            loaded = self._load(tx, ci_id, basis, policy)
        since = (loaded.marked_at or now - LOOK_BACK).replace(microsecond=0)
        begun = loaded.tracker.at
        until = max(until, begun)
        spans = (moment(begun), moment(until))
        after = max(0.0, begun - _REFERENCED)
        quiet = reader.referenced(after, until), moment(after)
        heard = arrived(tx, {ci_id, *reader.others}, reader.home_projects, since, spans, quiet)
        late = self._late(loaded, reader, heard)
        if late is not None:
            wrong_from = late if loaded.wrong_from is None else min(late, loaded.wrong_from)
            loaded = self._back(tx, loaded, reader, policy, late)
            loaded.wrong_from = wrong_from
        start = loaded.tracker.at
        stops = _STOPS if late is None else (*_STOPS, _LATEST)
        steps = self._through(tx, loaded, reader, until, stops)
        loaded.periods = {
            home: reader.references.every_period(home) for home in reader.home_projects
        }
        loaded.home_projects = set(reader.home_projects)
        newest = max((arrival.heard_at for arrival in heard), default=now)
        loaded.marked_at = max(since, min(now, newest) - LOOK_BACK).replace(microsecond=0)
        loaded.seen = _seen(heard, loaded.marked_at)
        self._under_way[ci_id] = loaded
        return Advanced(loaded.tracker, start, start < begun or not start, steps)

    def keep(self, ci_id: int, ids: Mapping[datetime, int]) -> None:
        """Keeps the present state, which was written, and earlier ones: the older, the fewer.

        ``ids`` are those of the incidents that were written, by when they began.
        """
        loaded = self._loaded[ci_id] = self._under_way.pop(ci_id)
        if len(self._loaded) > _MOST_LOADED:
            del self._loaded[next(iter(self._loaded))]
        loaded.wrong_from = None
        at = loaded.tracker.at
        if at - loaded.stored_at >= _KEEP_EVERY:
            loaded.stored_at = at  # `to_store` gave it
        now = (at, pack(Tracker.named(loaded.tracker.row(), ids)))
        states = [*loaded.states, *loaded.passed, now]
        unnamed = range(len(loaded.states), len(states) - 1)
        loaded.passed.clear()
        loaded.states = [
            (states[place][0], pack(Tracker.named(unpack(states[place][1]), ids)))
            if place in unnamed
            else states[place]
            for place in _spread([state_at for state_at, _ in states], at)
        ]

    def wrong_from(self, ci_id: int) -> datetime | None:
        """From when on stored states are wrong until `keep`: they are to be forgotten."""
        return known_moment(self._under_way[ci_id].wrong_from)

    def to_store(self, ci_id: int, ids: Mapping[datetime, int]) -> list[StoredCheckpoint]:
        """The present state where it is time to store one; before it those of a long way.

        ``ids`` are those of the incidents that are being written.
        """
        loaded = self._under_way[ci_id]
        present = loaded.tracker.at
        if present - loaded.stored_at < _KEEP_EVERY or loaded.marked_at is None:
            return []
        long_past = [state for state in loaded.passed if state[0] <= present - _KEEP_EVERY]
        rows = [(at, unpack(row)) for at, row in long_past[-len(_STOPS) :]]
        rows.append((present, loaded.tracker.row() | {_SEEN: list(loaded.seen)}))
        return [
            StoredCheckpoint(
                ci_id, moment(at), loaded.marked_at, loaded.basis, Tracker.named(row, ids)
            )
            for at, row in rows
            if at > loaded.stored_at
        ]

    @staticmethod
    def _load(
        tx: Tx, ci_id: int, basis: str, policy: Policy, before: datetime | None = None
    ) -> LoadedTracker:
        try:
            stored = newest_checkpoint(tx, ci_id, basis, before)
            if stored is not None:
                tracker = Tracker.of(policy, stored.body)
                seen = array("q", stored.body.get(_SEEN, ()))
                return LoadedTracker(tracker, basis, stored.marked_at, seen, stored_at=tracker.at)
        except (ValueError, LookupError, TypeError):  # it is a function of what is stored
            log.exception("a checkpoint cannot be read, judged from the first report ci=%d", ci_id)
        return LoadedTracker(Tracker(policy), basis, None)

    @staticmethod
    def _late(loaded: LoadedTracker, reader: Reader, heard: Iterable[Arrived]) -> float | None:
        """The time of the earliest input that is not in the tracker yet."""
        at = loaded.tracker.at
        if not at:
            return None
        seen = set(loaded.seen)
        times = [
            arrival.first_at.timestamp()
            for arrival in heard
            if arrival.span == KNOWN
            and _hash(arrival.kind, arrival.heard_at, arrival.number, arrival.keys) not in seen
        ]
        if loaded.home_projects is not None:
            # What happened in a project before the CI was known to be at home there was not read.
            times += [
                began
                for project in reader.home_projects - loaded.home_projects
                if (began := reader.references.first_verdict(reader.ci.id, project)) <= at
            ]
        for project, before in loaded.periods.items():
            now = reader.references.every_period(project)
            for branch in before.keys() | now.keys():
                old, new = (some.get(branch, some[ANY_BRANCH]) for some in (before, now))
                differs = old.differs_from(new)
                if differs is not None and differs <= at:
                    times.append(differs)
        return min(times, default=None)

    def _back(
        self, tx: Tx, loaded: LoadedTracker, reader: Reader, policy: Policy, late: float
    ) -> LoadedTracker:
        """An earlier state, from before ``late``."""
        states = [state for state in loaded.states if state[0] < late]
        if states:
            tracker = Tracker.of(policy, unpack(states[-1][1]))
            return LoadedTracker(
                tracker, loaded.basis, loaded.marked_at, states=states, stored_at=tracker.at
            )
        return self._load(tx, reader.ci.id, loaded.basis, policy, moment(late))

    @staticmethod
    def _through(
        tx: Tx, loaded: LoadedTracker, reader: Reader, until: float, stops: tuple[float, ...]
    ) -> list[IncidentStep]:
        tracker = loaded.tracker
        tracker.begin()
        if not tracker.at:
            first = first_report_of(tx, reader.ci.id)
            if first is None or first.timestamp() > until:
                return []
            start = first.timestamp() - _BEFORE_FIRST
        else:
            start = tracker.at
        ages = {_age(until - at) for at, _ in loaded.states}
        while start < until:
            end = _next_stop(tx, reader, start, until, stops)
            inputs = reader.inputs(tx, start, end, tracker.judge.chances.pending)
            tracker.advance(inputs, end, reader.places)
            age = _age(until - end)
            if end < until and (end >= until - _STOPS[0] or age not in ages):
                loaded.passed.append((end, pack(tracker.row())))
                ages.add(age)
            start = end
        return tracker.steps


def _next_stop(
    tx: Tx, reader: Reader, start: float, until: float, stops: tuple[float, ...]
) -> float:
    """Up to when inputs are replayed at once: not more than memory should hold."""
    end = next((stop for before in stops if (stop := until - before) > start), until)
    if end - start > _LITTLE:
        full = full_at(tx, {reader.ci.id, *reader.others}, moment(start), _FULL)
        end = end if full is None else min(end, full.timestamp())
    return end


def _seen(heard: Iterable[Arrived], since: datetime) -> array[int]:
    """A summary of the inputs since then that are in the tracker.

    Hashes of each moment with its sums: on a busy server there are thousands of moments
    for every CI, and as objects they took hundreds of bytes each.
    """
    sums: dict[_Moment, tuple[int, int]] = {}
    for arrival in heard:
        if arrival.heard_at >= since and arrival.span != LATER:
            number, keys = sums.get((arrival.kind, arrival.heard_at), (0, 0))
            sums[arrival.kind, arrival.heard_at] = (number + arrival.number, keys + arrival.keys)
    return array("q", (_hash(*moment, *summed) for moment, summed in sums.items()))


def _hash(kind: str, heard_at: datetime, number: int, keys: int) -> int:
    """The same in every process: that of a text or a datetime is not."""
    return hash((*kind.encode(), int(heard_at.timestamp()), number, keys))


def basis_of(reader: Reader, policy: Policy) -> str:
    """Fingerprint of policy, scope and version; a checkpoint with another one is not used."""
    judged_by = repr((VERSION, policy, reader.scope, sorted(reader.uncounted)))
    return hashlib.sha256(judged_by.encode()).hexdigest()


def _spread(times: list[float], now: float) -> list[int]:
    """Places of the times to keep: of those about as old as each other, the oldest."""
    places: dict[int, int] = {}
    for place, at in enumerate(times):
        places.setdefault(_age(now - at), place)
    return sorted(places.values())[-_IN_MEMORY:]


def _age(seconds: float) -> int:
    """0 for the present, 1 from two seconds on, and one more for each four times as old."""
    return int(max(0.0, seconds)).bit_length() // 2


def spread_stored(times: list[datetime], now: datetime) -> set[datetime]:
    """Which stored states stay: the older they are, the fewer."""
    oldest: dict[int, datetime] = {}
    for at in sorted(times):
        hours = max(0.0, (now - at) / timedelta(hours=1))
        oldest.setdefault(int(hours).bit_length(), at.astimezone(UTC))
    return set(oldest.values())
