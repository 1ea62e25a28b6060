"""What people should hear of an incident now, beside what they know. Pure.

It follows from what was told last and how the incident stands, not from the steps
in between: however late it is looked at, and however often, each news is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cibot.incidents.incident import Incident, Phase, Told, Transition
from cibot.incidents.inhibition import Surroundings, inhibited, told_of

_FIRES = frozenset({Phase.FIRING, Phase.ACKNOWLEDGED})
_MOVED = timedelta(minutes=10)  # a time that was told and is wrong by more is corrected
_WORSE = frozenset({"opened", "reopened", "escalated"})
HISTORY = timedelta(days=1)
"""What opened longer ago before a CI is judged for the first time is no news."""


def news(incident: Incident, now: datetime) -> Transition | None:
    """The step that is to be told, or None where people know how things stand."""
    said, severity, fires = incident.said, incident.severity, incident.phase in _FIRES
    if incident.told is None:
        at = incident.opened_at or incident.changed_at
        return Transition("opened", at, said, severity, told=True) if fires else None
    return _more(incident, incident.told, now)


def _more(incident: Incident, told: Told, now: datetime) -> Transition | None:
    """What is new beside what was told."""
    said, severity, fires = incident.said, incident.severity, incident.phase in _FIRES
    if told.over:  # and what is over needs no taking back
        at = incident.changed_at
        return Transition("reopened", at, said, severity, told=True) if fires else None
    if incident.phase is Phase.WITHDRAWN:
        return Transition("withdrawn", now, said, severity, told=True)
    if incident.phase is Phase.RESOLVED:
        at = incident.resolved_at or now
        return Transition("resolved", at, said, told.severity, told=True)
    if fires and severity.rank < told.severity.rank:
        return Transition("escalated", incident.changed_at, said, severity, told=True)
    if told.count and abs(began(incident) - told.since) > _MOVED:
        reason = f"as late comments show, this began {began(incident):%Y-%m-%d %H:%M} UTC"
        return Transition("corrected", now, reason, severity, told=True)
    return None


def began(incident: Incident) -> datetime:
    """When the trouble began, as people are told."""
    return incident.since or incident.opened_at or incident.changed_at


def knowing(incident: Incident, step: Transition, *, loud: bool = True) -> Incident:
    """The incident after ``step`` was told; without ``loud`` it is known and nobody was told."""
    before = incident.told.count if incident.told else 0
    over = step.name in ("resolved", "withdrawn")
    severity = incident.severity
    if over and incident.told is not None:
        severity = incident.told.severity
    return replace(incident, told=Told(severity, over, began(incident), before + loud))


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be told of an incident; ``kept_back`` says why it is not told now.

    ``quiet`` is an end that needs no words: nobody heard of the opening, or more of the
    same CI lasts that was told. ``lasts`` is the worst that fires beside it, told or not.
    """

    incident: Incident
    step: Transition
    kept_back: str | None = None
    quiet: bool = False
    lasts: Incident | None = None


def decide(
    incidents: Iterable[Incident], around: Surroundings, now: datetime
) -> Iterator[Decision]:
    """The news of one CI, the worst first, since it explains what is milder.

    An opening that a greater trouble keeps back is told when that is over and the
    incident still lasts; an end is told only of what was told.
    """
    known = [*incidents]
    around = replace(around, told={**around.told, **told_of(known)})
    found = [(one, step) for one in known if (step := news(one, now))]
    for incident, step in sorted(found, key=lambda it: (it[1].severity.rank, it[1].at)):
        if step.name == "resolved":
            heard = incident.told is not None and incident.told.count > 0
            quiet = not heard or bool(around.told.keys() - {incident.kind})
            yield Decision(incident, step, quiet=quiet, lasts=_worst_beside(incident, known))
            continue
        reason = None
        if step.name in _WORSE:
            reason = inhibited(incident.kind, around, incident.severity)
        if reason is None and incident.open:
            told = {**around.told, incident.kind: incident.severity}
            around = replace(around, told=told)
        yield Decision(incident, step, reason)


def _worst_beside(incident: Incident, known: Iterable[Incident]) -> Incident | None:
    firing = [one for one in known if one.phase in _FIRES and one.kind != incident.kind]
    return min(firing, key=lambda one: one.severity.rank, default=None)
