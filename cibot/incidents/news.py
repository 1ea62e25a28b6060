"""Decides which news of an incident is due, from what people were notified of. Pure.

It follows from what they were notified of last and how the incident stands, not from the
steps in between: however late it is looked at, and however often, each news is sent once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from cibot.config.signals import signals
from cibot.health.missing import NAME as MISSING_JOB
from cibot.health.seen import FaultShare
from cibot.health.signal import Family
from cibot.incidents.incident import (
    USUAL,
    Incident,
    Notified,
    Part,
    Phase,
    Transition,
    merged_parts,
)
from cibot.incidents.symptom import Symptom
from cibot.model import State

_MOVED = timedelta(minutes=10)  # a time that people know and is wrong by more is corrected
BEGINS = frozenset({"opened", "reopened"})
WORSE = BEGINS | {"escalated"}
ENDS = frozenset({"resolved", "withdrawn"})
HISTORY = timedelta(days=1)
"""What opened longer ago before a CI is judged for the first time is no news."""
_CHART = "success"  # the signal that compares a CI with its own past
_LONG = timedelta(days=7)
"""A drop that began so long after the other symptoms came is a trouble within a trouble."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be said of an incident, and of which symptom.

    ``parts`` are what people know afterwards, ``still`` what holds where a part is over.
    ``drop`` says that it is of a drop within a
    level that stands. ``inhibited`` says why it is not said now. A ``quiet`` one is noted as
    known without a message: the opening was not announced.
    """

    step: Transition
    symptom: Symptom
    parts: tuple[Part, ...]
    still: Symptom | None = None
    drop: bool = False
    inhibited: str | None = None
    quiet: bool = False

    @property
    def worse(self) -> bool:
        """Whether something began or got worse."""
        return self.step.name in WORSE


def news_of(incident: Incident, around: Surroundings, now: datetime) -> News | None:
    """The news that is due of an incident, or None.

    What a greater trouble inhibits is said when that is over and it still lasts; an end is
    said only of what was.
    """
    heard = incident.notified
    if heard is not None and not heard.over:
        ended = _ended(incident, heard, now)
        if ended is not None:
            return ended
    return _begun(incident, heard, around, now) or (
        None if heard is None or heard.over else _corrected(incident, heard, now)
    )


def notified(incident: Incident, news: News, *, loud: bool = True) -> Incident:
    """The incident after ``news`` is known; without ``loud`` no message was sent."""
    before, step, symptom = incident.notified, news.step, news.symptom
    count = (before.count if before else 0) + loud
    if before is None or step.name == "reopened":
        since = _began(symptom, incident)
        first = Notified(news.parts, step.severity, symptom.signal, symptom.spells, since)
        return replace(incident, notified=replace(first, count=count))
    after = replace(
        before,
        parts=news.parts,
        worst=min(before.worst, step.severity, key=attrgetter("rank"))
        if news.worse
        else before.worst,
        since=_began(symptom, incident) if step.name == "corrected" else before.since,
        over=step.name in ENDS,
        count=count,
    )
    return replace(incident, notified=after)


def _ended(incident: Incident, heard: Notified, now: datetime) -> News | None:
    """The end of the incident or of a part that people know of."""
    quiet = not heard.count
    if incident.phase is Phase.WITHDRAWN:
        step = Transition("withdrawn", now, heard.worst)
        return News(step, incident.cause, (), quiet=quiet)
    if incident.phase is Phase.RESOLVED:
        step = Transition("resolved", incident.resolved_at or now, heard.worst)
        return News(step, _last_cleared(incident, incident.symptoms), (), quiet=quiet)
    return _eased(incident, heard, quiet=quiet)


def _eased(incident: Incident, heard: Notified, *, quiet: bool) -> News | None:
    """The end of a part of what people know, while something holds still, or by now."""
    holds = _holding(incident, heard)
    left = _parts(incident, holds, heard)
    families = {part.family for part in left}
    keys = {part.key for part in left}
    gone = [
        part
        for part in heard.parts
        if part.family not in families or (part.drop and part.key not in keys)
    ]
    if not left or not gone:
        return None
    if incident.pending and families <= {part.family for part in heard.parts}:
        return None  # a pending symptom may join the message
    part = min(gone, key=lambda part: part.severity.rank)
    still = min(holds, key=lambda symptom: symptom.order)
    if part.severity.rank > still.severity.rank and not part.drop:
        return None  # the worst of it holds
    over = [
        symptom
        for symptom in incident.symptoms
        if symptom.family is part.family and symptom not in holds
    ]
    if part.drop:
        over = [symptom for symptom in over if symptom.signal == _CHART]
    step = Transition("eased", incident.changed_at, still.severity)
    ended = _last_cleared(incident, over)
    return News(step, ended, left, still=still, drop=part.drop, quiet=quiet)


def _holding(incident: Incident, heard: Notified) -> list[Symptom]:
    """The symptoms that hold. A CI that is heard again, and shows another trouble, reports."""
    families = {part.family for part in heard.parts}
    if all(symptom.family in families for symptom in incident.standing if symptom.fires):
        return list(incident.standing)
    return [symptom for symptom in incident.standing if symptom.fires or symptom.signal != "silent"]


def _last_cleared(incident: Incident, symptoms: Iterable[Symptom]) -> Symptom:
    """The symptom that cleared last; of several that which explains most."""
    ordered = sorted(symptoms, key=lambda symptom: symptom.order)
    if not ordered:
        return incident.cause
    return max(ordered, key=lambda symptom: symptom.cleared_at or incident.changed_at)


def _begun(
    incident: Incident, heard: Notified | None, around: Surroundings, now: datetime
) -> News | None:
    """The news of what began or got worse."""
    if not incident.open or incident.opened_at is None:
        return None
    reasons = {
        symptom.signal: inhibited(symptom, incident, around, now) for symptom in incident.standing
    }
    seen = [
        symptom
        for symptom in incident.standing
        if symptom.fires and reasons[symptom.signal] is None
    ]
    news = _worse(incident, heard, seen)
    if news is not None:
        return news
    fires = [symptom for symptom in incident.standing if symptom.fires]
    hidden = _worse(incident, heard, fires)
    if hidden is None:
        return None
    return replace(hidden, inhibited=reasons[hidden.symptom.signal] or "its cause is not news")


def _worse(incident: Incident, heard: Notified | None, seen: list[Symptom]) -> News | None:
    if not seen:
        return None
    cause = min(seen, key=lambda symptom: symptom.order)
    parts = _parts(incident, seen, heard)
    if heard is None or heard.over:
        name = "opened" if heard is None else "reopened"
        at = (incident.opened_at if heard is None else None) or incident.changed_at
        step = Transition(name, at, cause.severity, cause.signal)
        usual = heard is not None and cause.severity.rank >= heard.worst.rank
        return News(step, cause, parts, quiet=usual and incident.is_usual(cause.signal))
    return _escalated(incident, heard, seen, parts)


def _escalated(
    incident: Incident, heard: Notified, seen: list[Symptom], parts: tuple[Part, ...]
) -> News | None:
    """An escalation: a higher severity, another family, or a drop within a level."""
    worst = min(
        (part.severity for part in heard.parts), key=attrgetter("rank"), default=State.HEALTHY
    )
    there = {part.key for part in heard.parts}
    families = {part.family for part in heard.parts}
    new = [
        part
        for part in parts
        if part.severity.rank < worst.rank
        or part.family not in families
        or (part.drop and part.key not in there)
    ]
    if not new:
        return None
    part = min(new, key=lambda part: part.severity.rank)
    of_part = [symptom for symptom in seen if symptom.family is part.family]
    if part.drop:
        of_part = [symptom for symptom in of_part if symptom.signal == _CHART]
    symptom = min(of_part, key=lambda symptom: symptom.order)
    step = Transition("escalated", incident.changed_at, part.severity, symptom.signal)
    return News(step, symptom, merged_parts(heard.parts, parts), drop=part.drop)


def _parts(
    incident: Incident, symptoms: Iterable[Symptom], heard: Notified | None
) -> tuple[Part, ...]:
    """How bad it is in each family; a drop within a level stands by itself."""
    severities: dict[tuple[Family, bool], State] = {}
    for symptom in symptoms:
        key = (symptom.family, _is_drop(incident, symptom, heard))
        before = severities.get(key)
        if before is None or symptom.severity.rank < before.rank:
            severities[key] = symptom.severity
    return tuple(Part(family, severity, drop) for (family, drop), severity in severities.items())


def _is_drop(incident: Incident, symptom: Symptom, heard: Notified | None) -> bool:
    """Whether it is a drop that began long after the other symptoms of its family came."""
    if symptom.signal != _CHART or symptom.began is None:
        return False
    if heard is not None and any(part.drop for part in heard.parts):
        return True
    others = [
        other.came_at
        for other in incident.standing
        if other.family is symptom.family and other.signal != symptom.signal and other.came_at
    ]
    return bool(others) and min(others) + _LONG < symptom.began


def _corrected(incident: Incident, heard: Notified, now: datetime) -> News | None:
    """When the trouble began, where late comments show another time than people know."""
    symptom = incident.symptom(heard.signal)
    if not heard.count or symptom is None or symptom.spells != heard.spell:
        return None  # it came again since, and that is another time
    if abs(_began(symptom, incident) - heard.since) <= _MOVED:
        return None
    step = Transition("corrected", now, incident.severity, symptom.signal)
    return News(step, symptom, heard.parts)


def _began(symptom: Symptom, incident: Incident) -> datetime:
    return symptom.began or incident.opened_at or incident.changed_at


JobSet = tuple[str | None, frozenset[str]]
"""The pipeline of a report, and its jobs."""

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


def inhibited(
    symptom: Symptom, incident: Incident, around: Surroundings, now: datetime
) -> str | None:
    """Why a symptom is no news now, or None when it may be."""
    silent = incident.symptom("silent")
    signal = signals().get(symptom.signal)
    compares = signal is not None and signal.compares and not around.is_reference
    reasons = (
        (not around.feed_fresh, "our own feed is stale"),
        (
            silent is not None and silent.fires and symptom.signal != "silent",
            "the CI is silent",
        ),
        (around.reference_broken and compares, "the reference CI is broken"),
        (
            symptom.signal == MISSING_JOB and around.jobs_changed,
            "the jobs of the reference CI changed as well",
        ),
        (
            isinstance(symptom.seen, FaultShare) and symptom.seen.usual,
            "it has been so for as long as is known",
        ),
        (
            around.alone and not symptom.accuses,
            "without a reference it is not known whether the changes are at fault",
        ),
        (
            around.alone and symptom.signal == _CHART and _came_long_ago(symptom, now),
            "it is how the CI is by now, which its level says",
        ),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _came_long_ago(symptom: Symptom, now: datetime) -> bool:
    return symptom.came_at is not None and now - symptom.came_at >= USUAL


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
