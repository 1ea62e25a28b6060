"""Inhibition: an alert is kept back while a greater trouble explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cibot.health.missing import NAME as MISSING_JOB
from cibot.incidents.incident import Incident
from cibot.incidents.symptom import Symptom
from cibot.model import State

JobSet = tuple[str | None, frozenset[str]]
"""The pipeline of a report, and its jobs."""

_NEEDS_REFERENCE = frozenset(  # measured on what the reference passed
    {"success", "level", "disagreement", "job", "branch", "passes_everything"}
)
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
