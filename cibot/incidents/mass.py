"""Mass failures: what many CIs broke on at once is one message, and their end is one. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cibot.health.seen import Fault
from cibot.health.signal import Family
from cibot.incidents.incident import Incident, Notified
from cibot.incidents.news import BEGINS, ENDS, News
from cibot.model import State

TOGETHER = timedelta(hours=1)
HALF_WAY = timedelta(hours=6)  # a CI with few results is half way for so long
ONSET = timedelta(hours=6)
"""Troubles that began so close are one, though some CIs' results show it hours after others'."""
HOLD = timedelta(minutes=30)
"""So long an opening waits where others are on the way to a mass failure, but not yet enough."""
JOINING = timedelta(hours=1)
"""So long the first that joins a mass failure waits for others that do."""
NEARLY = 0.8
SETTLING = timedelta(hours=3)
"""So long the newest end waits for those that are left, where nearly all are over."""
LEFT = timedelta(hours=12)
"""So long it waits where fewer are."""
LONGEST = timedelta(days=1)
"""What opens so long after a mass failure began is none of it."""
HALF_WAY_STEP = "pending"
"""The step by which people know of a CI that was half way as others broke."""
_SHARE = 0.30
_FEWEST = 3
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Opening:
    """An incident that opened: whose and when, and on what it rests.

    ``changes`` (row and number) and ``jobs`` are those of its evidence, ``passed`` the changes
    of it that the reference passed. One that is ``half_way`` has not opened yet. ``began`` is
    when the trouble did, as its evidence has it.
    """

    ci: str
    at: datetime
    severity: State
    changes: frozenset[tuple[int, int]] = frozenset()
    jobs: frozenset[str] = frozenset()
    passed: frozenset[tuple[int, int]] = frozenset()
    incident: int | None = None
    half_way: bool = False
    projects: frozenset[str] = frozenset()
    began: datetime | None = None
    family: Family = Family.RESULTS


def opening(ci: str, incident: Incident, projects: Collection[str] = ()) -> Opening:
    """The `Opening` of an incident that opened or is pending; ``projects`` are its CI's."""
    evidence = incident.first_evidence or incident.cause.evidence
    seen = [proof for proof in evidence if proof.fault is not Fault.LAST_GOOD]

    def changes(fault: Fault) -> frozenset[tuple[int, int]]:
        return frozenset((proof.change_id, proof.number) for proof in seen if proof.fault is fault)

    came = [symptom.came_at for symptom in incident.standing if symptom.came_at is not None]
    again = min(came) if incident.reopened and came else None
    return Opening(
        ci,
        again or incident.opened_at or incident.changed_at,
        incident.severity,
        changes(Fault.FAILED),
        frozenset(proof.job for proof in seen if proof.job),
        changes(Fault.FAILED_ALONE),
        incident.id,
        incident.opened_at is None,
        frozenset(projects),
        None if incident.opened_at is None else incident.since,
        incident.cause.family,
    )


def by_stage(openings: Iterable[Opening], now: datetime) -> tuple[list[Opening], list[Opening]]:
    """Of incidents that last: those that opened within the last day, and those half way to it."""
    half_way: list[Opening] = []
    opened: list[Opening] = []
    for opening in openings:
        if opening.half_way:
            half_way.append(opening)
        elif now - opening.at <= LONGEST:
            opened.append(opening)
    return opened, half_way


@dataclass(frozen=True, slots=True)
class Cause:
    """The changes, jobs and projects on which at least three CIs, and half of them all, broke."""

    changes: tuple[int, ...]
    jobs: tuple[str, ...]
    projects: tuple[str, ...]


def shared_cause(openings: Iterable[Opening]) -> Cause:
    """What CIs have in common; no change that a reference passed."""
    listed = list(openings)
    least = max(_FEWEST, math.ceil(len({other.ci for other in listed}) / 2))
    passed = {change for other in listed for change in other.passed}
    changes = _shared(((other.ci, other.changes) for other in listed), least)
    return Cause(
        tuple(sorted({number for row, number in changes if (row, number) not in passed})),
        tuple(sorted(_shared(((other.ci, other.jobs) for other in listed), least))),
        tuple(sorted(_shared(((other.ci, other.projects) for other in listed), least))),
    )


def _shared(of: Iterable[tuple[str, frozenset[_T]]], least: int) -> set[_T]:
    """What at least so many CIs have."""
    who: dict[_T, set[str]] = {}
    for ci, things in of:
        for thing in things:
            who.setdefault(thing, set()).add(ci)
    return {thing for thing, cis in who.items() if len(cis) >= least}


def common_breakage(
    openings: Iterable[Opening], cis: int, now: datetime, pending: Iterable[Opening] = ()
) -> tuple[Opening, ...] | None:
    """The incidents to announce in one message, oldest first; or None.

    ``openings`` are those of the last day and ``cis`` the number of CIs that are
    judged at all. One message it is when at least three CIs, and at least 30 %
    of all, opened with gaps of an hour at most up to ``now``, or with a trouble that began
    within hours of that of the newest, or are half way to it: ``pending`` are those of which
    the first opening would speak before the others do. They come last.
    """
    broken = _under_way(openings, now, pending)
    return broken if _names(broken) >= _needed(cis) else None


def suspected(
    openings: Iterable[Opening], cis: int, now: datetime, pending: Iterable[Opening] = ()
) -> bool:
    """Whether two thirds of what makes a mass failure are under way, with trouble of one family."""
    some = _under_way(openings, now, pending)
    newest = max((other for other in some if not other.half_way), key=_when, default=None)
    alike = [other for other in some if newest is not None and other.family is newest.family]
    return cis >= _FEWEST and 3 * _names(alike) >= 2 * _needed(cis)


def _when(opening: Opening) -> tuple[datetime, str]:
    return (opening.at, opening.ci)


def _names(openings: Iterable[Opening]) -> int:
    return len({other.ci for other in openings})


def _needed(cis: int) -> int:
    return max(_FEWEST, math.ceil(_SHARE * cis))


def _under_way(
    openings: Iterable[Opening], now: datetime, pending: Iterable[Opening]
) -> tuple[Opening, ...]:
    """Those that are of one trouble with the newest opening, and those half way to it."""
    past = sorted((other for other in openings if other.at <= now), key=_when)
    if not past or now - past[-1].at > TOGETHER:
        return ()
    newest = past.pop()
    broken = [newest]
    for other in reversed(past):
        if broken[0].at - other.at <= TOGETHER or _began_with(other, newest):
            broken.insert(0, other)
    names = {other.ci for other in broken}
    half_way = [other for other in pending if now - HALF_WAY <= other.at and other.ci not in names]
    return (*broken, *half_way)


def _began_with(opening: Opening, newest: Opening) -> bool:
    """Whether its trouble began when that of the newest did, and no more than a day was between."""
    if opening.began is None or newest.began is None or newest.at - opening.at > LONGEST:
        return False
    return abs(newest.began - opening.began) <= ONSET


def lasts(opened: int, still: int) -> bool:
    """Whether a mass failure goes on, so that what opens now is of it: half of it is open."""
    return still > 1 and 2 * still >= opened


def joined(since: Sequence[datetime], now: datetime) -> bool:
    """Whether those that joined a mass failure at these times are to be announced now."""
    return bool(since) and now - min(since) >= JOINING


def settled(ended: Sequence[datetime], over: int, left: int, now: datetime) -> bool:
    """Whether the ends at these times are to be announced now.

    ``over`` have ended by now, those at these times among them, and ``left`` have not.
    """
    if not ended or left == 0:
        return bool(ended)
    nearly = over >= NEARLY * (over + left)
    return now - max(ended) >= (SETTLING if nearly else LEFT)


def of_member(news: News, before: Notified | None, *, going_on: bool, waits: bool) -> bool | None:
    """Whether news of an incident in a mass failure is sent together with the others' (True).

    None where it is a message of its own; False where it is not worth one: the mass failure is
    ``going_on``, and what people know of it covers this. ``waits`` says that the beginning
    was not sent yet.
    """
    if news.step.name == "resolved" and not news.symptom.adopted:
        return True
    if news.step.name in ENDS:
        return True if waits else None
    if not going_on:
        return None
    families = {part.family for part in before.parts} if before else set()
    return news.worse and not {part.family for part in news.parts} <= families


def worth(steps: Sequence[str], *, is_known: bool) -> int | None:
    """The place of the step of an incident that is still worth sending; None where there is none.

    ``is_known`` says whether people heard that it is bad. What came and went meanwhile is not
    sent, nor what went and came back.
    """
    if is_known:
        if steps[-1] in ENDS:
            return len(steps) - 1
        began = any(step in BEGINS or step in ENDS for step in steps)
        return None if began else len(steps) - 1
    if steps[-1] in ENDS:
        return None
    begun = (place for place, step in enumerate(steps) if step in BEGINS or step == HALF_WAY_STEP)
    return max(begun, default=len(steps) - 1)
