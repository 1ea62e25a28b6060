"""What keeps an alert back: a greater trouble that explains it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cibot.incidents.incident import Incident
from cibot.model import State

TOGETHER = timedelta(hours=1)
AFTERMATH = timedelta(days=7)
_BY_REFERENCE = frozenset(
    {"success", "level", "disagreement", "job"}
)  # measured beside the reference
_SHARE = 0.30
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is wrong where an alert would go out.

    ``alone`` says that no reference stands beside the CI and
    ``reference_broken`` that the reference CI of its projects has a success
    incident of its own; ``silent`` that the CI itself is silent. ``told`` are the
    kinds of this CI's incidents that last and that people know of, with how bad they
    were told to be; ``over`` those that ended within `AFTERMATH`, likewise: figures over
    days still show what is over.
    """

    feed_fresh: bool = True
    is_reference: bool = False
    alone: bool = False
    reference_broken: bool = False
    silent: bool = False
    told: Mapping[str, State] = field(default_factory=dict)
    over: Mapping[str, State] = field(default_factory=dict)


_OVER_DAYS = frozenset({"level", "disagreement", "coverage", "latency"})
# What explains an alert of a kind: one message per trouble.
_EXPLAINED = {
    "success": ("level", "disagreement", "job"),
    "level": ("success", "disagreement", "job"),
    "disagreement": ("success", "level", "job"),
    "job": ("success", "level", "disagreement"),
    "coverage": ("silent", "latency"),
    "latency": ("silent", "infra"),
}


def inhibited(kind: str, around: Surroundings, severity: State = State.DEGRADED) -> str | None:
    """Why an alert of that kind is kept back, or None when it may go out.

    What is worse than what people know is told all the same.
    """
    if not around.feed_fresh:
        return "our own feed is stale"
    if kind != "silent" and around.silent:
        return "the CI is silent"
    if around.reference_broken and not around.is_reference and kind in _BY_REFERENCE:
        return "the reference CI is broken"
    if kind == "level" and around.alone and severity is State.DEGRADED:
        return "without a reference nobody knows whether the changes are at fault"
    return _explained(kind, around, severity)


def _explained(kind: str, around: Surroundings, severity: State) -> str | None:
    """Which trouble that people know of explains it: one message per trouble."""
    for greater in _EXPLAINED.get(kind, ()):
        known = [around.told.get(greater)]
        if kind in _OVER_DAYS:
            known.append(around.over.get(greater))
        if any(one is not None and one.rank <= severity.rank for one in known):
            return f"its {greater} incident explains it"
    return None


def told_of(incidents: Iterable[Incident]) -> dict[str, State]:
    """Of a CI's incidents those that last and that people know of, and how bad they think it."""
    return {
        one.kind: one.told.severity
        for one in incidents
        if one.open and one.told is not None and not one.told.over
    }


def over_of(incidents: Iterable[Incident], now: datetime) -> dict[str, State]:
    """Those that people heard of and that ended within `AFTERMATH`, and how bad they were."""
    found: dict[str, State] = {}
    for one in incidents:
        ended = one.resolved_at
        if one.told is None or not one.told.count or ended is None or now - ended > AFTERMATH:
            continue
        found[one.kind] = min(
            found.get(one.kind, one.told.severity), one.told.severity, key=lambda it: it.rank
        )
    return found


@dataclass(frozen=True, slots=True)
class Opening:
    """An incident that opened: whose, of what kind and when, and on what it rests.

    ``changes`` (row and number) and ``jobs`` are those of its evidence.
    """

    ci: str
    kind: str
    at: datetime
    severity: State
    changes: frozenset[tuple[int, int]] = frozenset()
    jobs: frozenset[str] = frozenset()


def opening(ci: str, incident: Incident) -> Opening:
    """What an incident, which opened, has to do with others."""
    seen = incident.first_evidence
    return Opening(
        ci,
        incident.kind,
        incident.opened_at or incident.changed_at,
        incident.severity,
        frozenset((one.change_id, one.number) for one in seen),
        frozenset(one.job for one in seen if one.job),
    )


def shared_cause(openings: Iterable[Opening]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The changes and the jobs on which at least three CIs, and half of them all, broke."""
    changes: dict[tuple[int, int], set[str]] = {}
    jobs: dict[str, set[str]] = {}
    cis = set()
    for one in openings:
        cis.add(one.ci)
        for change in one.changes:
            changes.setdefault(change, set()).add(one.ci)
        for job in one.jobs:
            jobs.setdefault(job, set()).add(one.ci)
    least = max(_FEWEST, math.ceil(len(cis) / 2))
    return (
        tuple(sorted({number for (_, number), who in changes.items() if len(who) >= least})),
        tuple(sorted(job for job, who in jobs.items() if len(who) >= least)),
    )


def common_breakage(
    openings: Iterable[Opening], cis: int, now: datetime
) -> tuple[Opening, ...] | None:
    """The incidents that one message should tell of together, oldest first; or None.

    ``openings`` are those of the last day and ``cis`` the number of CIs that are
    judged at all. One message it is when at least three CIs, and at least 30 %
    of all, opened within the hour up to ``now``. The answer goes back over the
    openings that hang together with gaps of an hour at most, so that its first
    one names the breakage for as long as it goes on.
    """
    past = sorted(
        (one for one in openings if one.at <= now), key=lambda one: (one.at, one.ci, one.kind)
    )
    lately = {one.ci for one in past if now - one.at <= TOGETHER}
    if len(lately) < max(_FEWEST, math.ceil(_SHARE * cis)):
        return None
    start = len(past) - 1
    while start > 0 and past[start].at - past[start - 1].at <= TOGETHER:
        start -= 1
    return tuple(past[start:])
