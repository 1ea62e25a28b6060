"""The life of an incident: pending, firing, acknowledged, recovering, resolved.

A pure state machine. Every step says why; only steps that are ``told`` go to
people. A verdict of *unknown* moves nothing: it neither accuses nor acquits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cibot.config.policy import IncidentPolicy
from cibot.errors import Conflict
from cibot.health.signal import Evidence, Signal
from cibot.model import State


class Phase(StrEnum):
    """Where an incident is in its life."""

    PENDING = "pending"  # half way to firing: shown, not sent
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"  # somebody looks at it
    RECOVERING = "recovering"  # not bad any more, not yet surely well
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"  # late comments show that it was none


@dataclass(frozen=True, slots=True)
class Told:
    """What people were told of an incident last: the severity, or that it is ``over``.

    ``since`` is when the trouble began as they know it; ``count`` how many messages
    told of it.
    """

    severity: State
    over: bool
    since: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Incident:
    """Something wrong with a CI; one is open for a CI and kind at a time.

    ``severity`` is the worst verdict since it opened. ``opened_at`` is when it
    fired, None while it never did; ``since`` when the trouble began as the
    evidence has it. ``evidence`` is current, ``first_evidence`` that of the
    opening. ``reopened`` counts how often it came back. ``began_at`` is its first
    step, by which it is known again when it is judged anew. ``told`` is what people
    know of it. ``id`` is the store's.
    """

    kind: str
    phase: Phase
    severity: State
    changed_at: datetime
    opened_at: datetime | None = None
    since: datetime | None = None
    resolved_at: datetime | None = None
    recovering_at: datetime | None = None
    said: str = ""
    figure: float | None = None
    n: int = 0
    first_evidence: tuple[Evidence, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str | None = None
    reopened: int = 0
    began_at: datetime | None = None
    told: Told | None = None
    id: int | None = None

    @property
    def open(self) -> bool:
        """Whether it is not over."""
        return self.phase not in (Phase.RESOLVED, Phase.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an incident: its name, its time and its reason in words."""

    name: str
    at: datetime
    reason: str
    severity: State
    told: bool


Step = tuple[Incident | None, Transition | None]


def step(incident: Incident | None, signal: Signal, now: datetime, policy: IncidentPolicy) -> Step:
    """What a signal makes of the newest incident of its kind.

    ``incident`` is the open one, or the one resolved last, or None. Returns the
    incident as it is afterwards, without an id where it is a new one, and the
    step that was taken, if any; an incident may change (its evidence) without one.
    """
    bad = is_bad(signal)
    if incident is None or not incident.open:
        return (
            _from_nothing(incident, signal, now, policy)
            if bad or signal.rising
            else (incident, None)
        )
    if signal.verdict is State.UNKNOWN:
        return incident, None
    if incident.phase is Phase.PENDING:
        return _from_pending(incident, signal, now)
    return _while_bad(incident, signal, now) if bad else _while_well(incident, signal, now, policy)


def is_bad(signal: Signal) -> bool:
    """Whether a signal accuses."""
    return signal.verdict.bad


def acknowledge(incident: Incident, by: str, note: str | None, now: datetime) -> Step:
    """Notes who looks at an incident; Conflict when there is nothing to look at."""
    if not incident.open:
        raise Conflict("That incident is over; there is nothing to acknowledge.")
    if incident.phase is Phase.PENDING:
        raise Conflict("That incident has not opened yet; nobody was told of it.")
    if incident.acknowledged_by == by and incident.note == note:
        raise Conflict("You acknowledged that incident already.")
    firing = incident.phase is Phase.FIRING
    taken = replace(
        incident,
        phase=Phase.ACKNOWLEDGED if firing else incident.phase,
        acknowledged_by=by,
        acknowledged_at=now,
        note=note,
        changed_at=now,
    )
    reason = f"acknowledged by {by}" + (f": {note}" if note else "")
    return taken, Transition("acknowledged", now, reason, incident.severity, told=True)


def _from_nothing(
    last: Incident | None, signal: Signal, now: datetime, policy: IncidentPolicy
) -> Step:
    if last is not None and _recent(last, now, policy):
        if not signal.verdict.bad:
            return last, None  # half way back is no new incident, or this one could not reopen
        again = replace(
            _seen(last, signal, now),
            phase=Phase.FIRING,
            resolved_at=None,
            recovering_at=None,
            acknowledged_by=None,
            acknowledged_at=None,
            note=None,
            reopened=last.reopened + 1,
        )
        return again, Transition("reopened", now, signal.said, signal.verdict, told=True)
    new = Incident(
        signal.name, Phase.PENDING, State.DEGRADED, now, since=signal.since, began_at=now
    )
    if signal.verdict.bad:
        return _fire(new, signal, now)
    new = replace(_seen(new, signal, now), severity=State.DEGRADED)
    return new, Transition("pending", now, signal.said, State.DEGRADED, told=False)


def _recent(last: Incident, now: datetime, policy: IncidentPolicy) -> bool:
    """Whether it really fired and ended a short while ago."""
    if last.opened_at is None or last.resolved_at is None:
        return False
    return now - last.resolved_at < policy.reopen


def _from_pending(incident: Incident, signal: Signal, now: datetime) -> Step:
    if signal.verdict.bad:
        return _fire(incident, signal, now)
    if signal.rising:
        return replace(incident, said=signal.said, evidence=signal.evidence), None
    gone = replace(incident, phase=Phase.RESOLVED, resolved_at=now, changed_at=now)
    return gone, Transition("dropped", now, signal.said, incident.severity, told=False)


def _fire(incident: Incident, signal: Signal, now: datetime) -> Step:
    fired = replace(
        _seen(incident, signal, now),
        phase=Phase.FIRING,
        opened_at=now,
        first_evidence=signal.evidence,
        since=signal.since or incident.since,
    )
    return fired, Transition("opened", now, signal.said, signal.verdict, told=True)


def _while_bad(incident: Incident, signal: Signal, now: datetime) -> Step:
    """Worse is news once; easier is not, or a figure at the border would never rest.

    A relapse while recovering is no second alert.
    """
    worse = signal.verdict.rank < incident.severity.rank
    severity = signal.verdict if worse else incident.severity
    seen = replace(_seen(incident, signal, now, changed=False), severity=severity)
    if incident.phase is Phase.RECOVERING:
        phase = Phase.ACKNOWLEDGED if incident.acknowledged_by else Phase.FIRING
        seen = replace(seen, phase=phase, recovering_at=None)
    elif not worse:
        return seen, None
    seen = replace(seen, changed_at=now)
    name = "escalated" if worse else "relapsed"
    return seen, Transition(name, now, signal.said, severity, told=worse)


def _while_well(incident: Incident, signal: Signal, now: datetime, policy: IncidentPolicy) -> Step:
    """Not bad any more. One that keeps coming back has to stay well for longer each time."""
    since = incident.recovering_at or now
    held = now - since >= holding(policy, incident.reopened)
    if signal.clears and held:
        over = replace(
            _well(incident, signal, now),
            phase=Phase.RESOLVED,
            resolved_at=now,
            recovering_at=None,
        )
        return over, Transition("resolved", now, signal.said, incident.severity, told=True)
    if incident.phase is Phase.RECOVERING:
        return incident, None
    better = replace(_well(incident, signal, now), phase=Phase.RECOVERING, recovering_at=now)
    return better, Transition("recovering", now, signal.said, incident.severity, told=False)


def _well(incident: Incident, signal: Signal, now: datetime) -> Incident:
    """What a step shows follows from its own moment, not from who looked in between."""
    return replace(
        incident,
        said=signal.said,
        figure=signal.figure,
        n=signal.n,
        evidence=signal.evidence or incident.first_evidence,
        changed_at=now,
    )


def holding(policy: IncidentPolicy, reopened: int) -> timedelta:
    """How long an incident must stay well before it is over: nothing the first time."""
    if reopened <= 0:
        return timedelta(0)
    doublings = min(reopened - 1, 16)
    return min(policy.reopen, policy.hold * (1 << doublings))


def _seen(incident: Incident, signal: Signal, now: datetime, *, changed: bool = True) -> Incident:
    return replace(
        incident,
        severity=signal.verdict,
        said=signal.said,
        figure=signal.figure,
        n=signal.n,
        evidence=signal.evidence,
        changed_at=now if changed else incident.changed_at,
    )
