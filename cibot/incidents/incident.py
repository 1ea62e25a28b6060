"""The trouble of a CI: an incident, from its first bad signal to its last. Pure.

At most one is open for a CI. Each signal that accuses is a symptom of it. Its steps
say what happened; which of them are news is decided by `cibot.incidents.news`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cibot.config.policy import IncidentPolicy
from cibot.errors import Conflict
from cibot.health.seen import Seen
from cibot.health.signal import Evidence, Family, Signal
from cibot.incidents.symptom import Symptom, SymptomPhase, advance, family_of, with_first_run
from cibot.model import State


class Phase(StrEnum):
    """The states of an incident."""

    PENDING = "pending"  # half way to firing: shown, not sent
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"  # somebody looks at it
    RECOVERING = "recovering"  # not bad any more, not yet surely well
    RESOLVED = "resolved"
    DROPPED = "dropped"  # was pending and never opened: no trace of it stays
    WITHDRAWN = "withdrawn"  # late comments show that there was no trouble


_OVER = frozenset({Phase.RESOLVED, Phase.DROPPED, Phase.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Part:
    """What was announced of an incident in one family: its severity, and since when.

    ``drop`` tells a drop within a level that stands from that level.
    """

    family: Family
    severity: State
    drop: bool = False

    @property
    def key(self) -> tuple[Family, bool]:
        """What it is a part of."""
        return (self.family, self.drop)


@dataclass(frozen=True, slots=True)
class Notified:
    """What people know of an incident: the parts that still hold, or that it is ``over``.

    ``signal`` is the symptom of which they heard first, ``spell`` which of its times that was
    and ``since`` when it began as they know it; ``worst`` how bad it was at its worst;
    ``count`` how many messages there were.
    """

    parts: tuple[Part, ...]
    worst: State
    signal: str
    spell: int
    since: datetime
    over: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Incident:
    """Something wrong with a CI.

    ``began_at`` is its first step, by which it is recognised when it is judged again.
    ``opened_at`` is when it fired, None while it never did. ``reopened`` counts how often
    it came back. ``id`` is the store's.
    """

    began_at: datetime
    phase: Phase
    changed_at: datetime
    symptoms: tuple[Symptom, ...] = ()
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    reopened: int = 0
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str | None = None
    notified: Notified | None = None
    id: int | None = None

    @property
    def open(self) -> bool:
        """Whether it is not over."""
        return self.phase not in _OVER

    @property
    def fires(self) -> bool:
        """Whether a symptom accuses now."""
        return any(symptom.fires for symptom in self.symptoms)

    @property
    def standing(self) -> tuple[Symptom, ...]:
        """The symptoms that fired and have not cleared."""
        return tuple(symptom for symptom in self.symptoms if symptom.stands)

    @property
    def pending(self) -> bool:
        """Whether a symptom is half way to firing."""
        return any(symptom.phase is SymptomPhase.PENDING for symptom in self.symptoms)

    @property
    def cause(self) -> Symptom:
        """The symptom that explains most: of those that stand, else of all."""
        return min(self.standing or self.symptoms, key=lambda symptom: symptom.order)

    @property
    def severity(self) -> State:
        """That of its worst symptom; at its worst, where it is over."""
        return self.cause.severity

    @property
    def since(self) -> datetime | None:
        """When the trouble began, as the symptom has it that explains most."""
        return self.cause.since

    @property
    def first_evidence(self) -> tuple[Evidence, ...]:
        """On what it rested when it opened."""
        return next((symptom.first_evidence for symptom in self.symptoms if symptom.came_at), ())

    def is_usual(self, signal: str) -> bool:
        """Whether a signal is a level of what became the CI's usual when this ended."""
        return signal in _LEVELS and self.adopted(signal)

    def adopted(self, signal: str) -> bool:
        """Whether a trouble of a signal's family became the CI's usual when this ended."""
        family = family_of(signal)
        return any(symptom.adopted and symptom.family is family for symptom in self.symptoms)

    def symptom(self, signal: str) -> Symptom | None:
        """The symptom of a signal, or None."""
        return next((symptom for symptom in self.symptoms if symptom.signal == signal), None)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an incident.

    ``signal`` is that of the symptom that took it and ``seen`` what it saw; ``by`` and
    ``note`` are of the person who did.
    """

    name: str
    at: datetime
    severity: State
    signal: str | None = None
    seen: Seen | None = None
    by: str | None = None
    note: str | None = None


Step = tuple[Incident | None, Transition | None]
USUAL = timedelta(days=28)
"""What lasts so long is how the CI is: no news by itself, and no new trouble as a level."""
_FIGURES = timedelta(days=7)  # what figures over days look back
_LEVELS = frozenset({"level", "disagreement"})


def _transition(name: str, at: datetime, severity: State, signal: Signal) -> Transition:
    return Transition(name, at, severity, signal.name, signal.seen)


def step(incident: Incident | None, signal: Signal, now: datetime, policy: IncidentPolicy) -> Step:
    """What a reading of a signal makes of a CI's newest incident.

    ``incident`` is the open one, or the one that ended last, or None. Returns the incident
    as it is afterwards, without an id where it is a new one, and the step that was taken,
    if any; an incident may change (its evidence) without one.
    """
    if incident is None or not incident.open:
        return _from_nothing(incident, signal, now, policy)
    before = incident.symptom(signal.name)
    after = advance(before, signal, now, policy, incident.reopened)
    if after is before:
        return incident, None
    return _moved(incident, before, after, signal, now)


def _from_nothing(
    last: Incident | None, signal: Signal, now: datetime, policy: IncidentPolicy
) -> Step:
    if last is not None and _goes_on(last, signal, now, policy):
        if not signal.verdict.bad:
            return last, None  # half way back is no new incident, or this one could not reopen
        symptom = advance(last.symptom(signal.name), signal, now, policy)
        assert symptom is not None
        again = replace(
            _put(last, symptom),
            phase=Phase.FIRING,
            resolved_at=None,
            changed_at=now,
            acknowledged_by=None,
            acknowledged_at=None,
            note=None,
            reopened=last.reopened + 1,
        )
        return again, _transition("reopened", now, signal.verdict, signal)
    symptom = advance(None, signal, now, policy)
    if symptom is None:
        return last, None
    new = Incident(now, Phase.PENDING, now, (symptom,))
    name = "pending"
    if symptom.fires:
        name, new = "opened", replace(new, phase=Phase.FIRING, opened_at=now)
    return new, _transition(name, now, symptom.severity, signal)


def _goes_on(last: Incident, signal: Signal, now: datetime, policy: IncidentPolicy) -> bool:
    """Whether what a signal says is of an incident that really fired and is over.

    It ended a short while ago or, as a figure over days has it, the trouble began before. What
    is half way only takes the place of none that a level of what is usual may yet belong to.
    """
    if last.opened_at is None or last.resolved_at is None:
        return False
    ago = now - last.resolved_at
    if last.is_usual(signal.name) or (last.adopted(signal.name) and not signal.verdict.bad):
        return ago < USUAL
    before = signal.since is not None and signal.since < last.resolved_at
    return ago < policy.reopen or (before and ago < _FIGURES)


def _moved(
    incident: Incident,
    before: Symptom | None,
    after: Symptom | None,
    signal: Signal,
    now: datetime,
) -> Step:
    """The incident after one of its symptoms changed."""
    changed = _put(incident, after) if after else _without(incident, signal.name)
    name = _name(incident, changed, before, after)
    if name is None:
        return changed, None
    if name == "dropped":
        changed = incident  # of which the symptom is all that there was
    changed = replace(
        changed,
        phase=Phase.DROPPED if name == "dropped" else _phase(changed),
        changed_at=now,
        opened_at=now if name == "opened" else changed.opened_at,
        resolved_at=now if name in ("resolved", "dropped") else None,
    )
    severity = after.severity if after else State.DEGRADED
    return changed, _transition(name, now, severity, signal)


def _phase(incident: Incident) -> Phase:
    if incident.fires:
        return Phase.ACKNOWLEDGED if incident.acknowledged_by else Phase.FIRING
    if incident.standing or (incident.opened_at is not None and incident.pending):
        return Phase.RECOVERING
    return Phase.PENDING if incident.pending else Phase.RESOLVED


def _name(
    incident: Incident, changed: Incident, before: Symptom | None, after: Symptom | None
) -> str | None:
    """The name of the step that an incident took, or None for a change that is no step."""
    if after is None:
        if not changed.symptoms:
            return "dropped"
        over = incident.opened_at is not None and not (changed.standing or changed.pending)
        return "resolved" if over else None
    was_standing = before is not None and before.stands
    if after.fires:
        return _worse(incident, changed, before if was_standing else None, after)
    if not was_standing:
        return None  # pending, in an incident that is open already
    if after.stands:
        return None if changed.fires else "recovering"
    return "cleared" if changed.standing or changed.pending else "resolved"


def _worse(
    incident: Incident, changed: Incident, before: Symptom | None, after: Symptom
) -> str | None:
    if incident.phase is Phase.PENDING:
        return "opened"
    if changed.severity.rank < incident.severity.rank:
        return "escalated"
    if before is None:
        return "joined"
    if not incident.fires:
        return "relapsed"
    return "worsened" if after.severity.rank < before.severity.rank else None


def _put(incident: Incident, symptom: Symptom) -> Incident:
    """With the symptom in the place of its predecessor, or after the others."""
    if incident.symptom(symptom.signal) is None:
        return replace(incident, symptoms=(*incident.symptoms, symptom))
    return put_symptom(incident, symptom)


def put_symptom(incident: Incident, symptom: Symptom) -> Incident:
    """The incident with a newer state of a symptom that it has."""
    return replace(
        incident,
        symptoms=tuple(
            symptom if other.signal == symptom.signal else other for other in incident.symptoms
        ),
    )


def _without(incident: Incident, signal: str) -> Incident:
    remaining = tuple(other for other in incident.symptoms if other.signal != signal)
    return replace(incident, symptoms=remaining)


def acknowledge(
    incident: Incident, by: str, note: str | None, now: datetime
) -> tuple[Incident, Transition]:
    """Notes who looks at an incident; Conflict when there is nothing to look at."""
    if not incident.open:
        raise Conflict("That incident is over; there is nothing to acknowledge.")
    if incident.phase is Phase.PENDING:
        raise Conflict("That incident has not opened yet, so there is nothing to acknowledge.")
    if incident.acknowledged_by == by and note in {None, incident.note}:
        raise Conflict("You acknowledged that incident already.")
    acknowledged = replace(
        incident, acknowledged_by=by, acknowledged_at=now, note=note, changed_at=now
    )
    acknowledged = replace(acknowledged, phase=_phase(acknowledged))
    return acknowledged, Transition("acknowledged", now, incident.severity, by=by, note=note)


def closed(incident: Incident, at: datetime) -> Incident:
    """The incident when it is ended by hand, since its CI is judged no more."""
    symptoms = tuple(
        replace(other, phase=SymptomPhase.CLEARED, recovering_at=None, cleared_at=at)
        if other.stands
        else other
        for other in incident.symptoms
    )
    return replace(incident, phase=Phase.RESOLVED, symptoms=symptoms, resolved_at=at, changed_at=at)


def with_people(incident: Incident, before: Incident) -> Incident:
    """The incident with what people did with an earlier state of it, and its first bad runs."""
    symptoms = tuple(
        with_first_run(other, before.symptom(other.signal)) for other in incident.symptoms
    )
    incident = replace(incident, id=before.id, notified=before.notified, symptoms=symptoms)
    if before.acknowledged_by is None or before.reopened != incident.reopened:
        return incident
    incident = _acknowledged_as(before, incident)
    return replace(incident, phase=_phase(incident))


def _acknowledged_as(other: Incident, incident: Incident) -> Incident:
    by, at = other.acknowledged_by, other.acknowledged_at
    return replace(incident, acknowledged_by=by, acknowledged_at=at, note=other.note)


def merged(incident: Incident, other: Incident) -> Incident:
    """The incident with what people did with another one that is the same trouble."""
    if other.acknowledged_by is not None and incident.acknowledged_by is None:
        incident = _acknowledged_as(other, incident)
    ours, theirs = incident.notified, other.notified
    if theirs is None or (ours is not None and not ours.over and theirs.over):
        return incident
    if ours is None or ours.over:
        count = theirs.count + (ours.count if ours else 0)  # of which each message has one
        return replace(incident, notified=replace(theirs, count=count))
    both = replace(
        ours,
        parts=merged_parts(ours.parts, theirs.parts),
        worst=min(ours.worst, theirs.worst, key=lambda state: state.rank),
        count=ours.count + theirs.count,
    )
    return replace(incident, notified=both)


def merged_parts(parts: tuple[Part, ...], more: tuple[Part, ...]) -> tuple[Part, ...]:
    """What people know when they hear of ``more`` too: the worse where both have a part."""
    by_key = {part.key: part for part in parts}
    for part in more:
        before = by_key.get(part.key)
        if before is None or part.severity.rank < before.severity.rank:
            by_key[part.key] = part
    return tuple(by_key.values())
