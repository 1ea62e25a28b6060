"""Inhibition: an alert is kept back while a greater trouble explains it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.health.missing import NAME as MISSING_JOB
from cibot.health.seen import Fault
from cibot.incidents.incident import Incident
from cibot.incidents.symptom import Symptom
from cibot.model import State

JobSet = tuple[str | None, frozenset[str]]
"""The pipeline of a report, and its jobs."""

TOGETHER = timedelta(hours=1)
HALF_WAY = timedelta(hours=6)  # a CI with few results is half way for so long
_NEEDS_REFERENCE = frozenset(  # measured on what the reference passed
    {"success", "level", "disagreement", "job", "branch", "passes_everything"}
)
_SHARE = 0.30
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is wrong where an alert would go out.

    ``alone`` says that the CI has no reference and ``reference_broken`` that
    the results of the reference CI of its projects are bad themselves. ``jobs_changed`` says
    that the reference runs other jobs, too, since a job is missing.
    """

    feed_fresh: bool = True
    is_reference: bool = False
    alone: bool = False
    reference_broken: bool = False
    jobs_changed: bool = False


def inhibited(symptom: Symptom, incident: Incident, around: Surroundings) -> str | None:
    """Why a symptom is no news now, or None when it may be."""
    if not around.feed_fresh:
        return "our own feed is stale"
    silent = incident.symptom("silent")
    if silent is not None and silent.fires and symptom.signal != "silent":
        return "the CI is silent"
    if around.reference_broken and not around.is_reference and symptom.signal in _NEEDS_REFERENCE:
        return "the reference CI is broken"
    if symptom.signal == MISSING_JOB and around.jobs_changed:
        return "the jobs of the reference CI changed as well"
    if symptom.signal == "level" and around.alone and symptom.severity is State.DEGRADED:
        return "without a reference nobody knows whether the changes are at fault"
    return None


def jobs_changed(before: Iterable[JobSet], after: Iterable[JobSet]) -> bool:
    """Whether the jobs that most reports have, in any pipeline, are others than before."""
    was, now = _regular(before), _regular(after)
    return any(was[pipeline] != now[pipeline] for pipeline in was.keys() & now.keys())


def _regular(sets: Iterable[JobSet]) -> dict[str | None, frozenset[str]]:
    """The jobs in most reports of each pipeline that has enough of them."""
    counts: dict[str | None, Counter[str]] = {}
    reports: Counter[str | None] = Counter()
    for pipeline, jobs in sets:
        reports[pipeline] += 1
        counts.setdefault(pipeline, Counter()).update(jobs)
    return {
        pipeline: frozenset(job for job, n in counts[pipeline].items() if 2 * n > of)
        for pipeline, of in reports.items()
        if of >= _FEWEST
    }


def breaks_results(incident: Incident) -> bool:
    """Whether an incident of a reference makes its verdicts worthless to the others."""
    return any(
        symptom.fires and symptom.signal in ("success", "level") for symptom in incident.symptoms
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """An incident that opened: whose and when, and on what it rests.

    ``changes`` (row and number) and ``jobs`` are those of its evidence.
    """

    ci: str
    at: datetime
    severity: State
    changes: frozenset[tuple[int, int]] = frozenset()
    jobs: frozenset[str] = frozenset()


def opening(ci: str, incident: Incident) -> Opening:
    """The `Opening` of an incident that opened or is pending.

    A change that the reference passed is not what they have in common.
    """
    evidence = incident.first_evidence or incident.cause.evidence
    seen = [proof for proof in evidence if proof.fault is not Fault.LAST_GOOD]
    return Opening(
        ci,
        incident.opened_at or incident.changed_at,
        incident.severity,
        frozenset(
            (evidence.change_id, evidence.number)
            for evidence in seen
            if evidence.fault is not Fault.FAILED_ALONE
        ),
        frozenset(evidence.job for evidence in seen if evidence.job),
    )


def shared_cause(openings: Iterable[Opening]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The changes and the jobs on which at least three CIs, and half of them all, broke."""
    changes: dict[tuple[int, int], set[str]] = {}
    jobs: dict[str, set[str]] = {}
    cis = set()
    for other in openings:
        cis.add(other.ci)
        for change in other.changes:
            changes.setdefault(change, set()).add(other.ci)
        for job in other.jobs:
            jobs.setdefault(job, set()).add(other.ci)
    least = max(_FEWEST, math.ceil(len(cis) / 2))
    return (
        tuple(sorted({number for (_, number), who in changes.items() if len(who) >= least})),
        tuple(sorted(job for job, who in jobs.items() if len(who) >= least)),
    )


def common_breakage(
    openings: Iterable[Opening], cis: int, now: datetime, pending: Iterable[Opening] = ()
) -> tuple[Opening, ...] | None:
    """The incidents to announce in one message, oldest first; or None.

    ``openings`` are those of the last day and ``cis`` the number of CIs that are
    judged at all. One message it is when at least three CIs, and at least 30 %
    of all, opened with gaps of an hour at most up to ``now``, or are half way to it:
    ``pending`` are those of which the first opening would speak before the others do.
    The first one names the breakage for as long as it goes on; those that are pending
    come last.
    """
    past = sorted(
        (other for other in openings if other.at <= now), key=lambda one: (one.at, one.ci)
    )
    if not past or now - past[-1].at > TOGETHER:
        return None
    start = len(past) - 1
    while start > 0 and past[start].at - past[start - 1].at <= TOGETHER:
        start -= 1
    broken = past[start:]
    names = {other.ci for other in broken}
    broken += [other for other in pending if now - HALF_WAY <= other.at and other.ci not in names]
    enough = len({other.ci for other in broken}) >= max(_FEWEST, math.ceil(_SHARE * cis))
    return tuple(broken) if enough else None
