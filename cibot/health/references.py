"""Which CI is the reference of a project, at any time. Pure.

As configured; else the one that others are most likely measured against, judged
by the four weeks before each week, so that a gate that was replaced years ago is
still the reference of its own time. What the guess is does not depend on when
it is made, only on what is stored.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cibot.text.patterns import fits_any

WEEK = 604_800.0
_MONDAY = 345_600.0  # the first one of the epoch
_LEARNT_FROM = 4  # weeks
_GATES = ("zuul", "jenkins", "gate")


@dataclass(frozen=True, slots=True)
class Count:
    """How many verdicts a CI gave in a project in a week (counted from the epoch's Monday)."""

    project: str
    ci_id: int
    week: int
    number: int
    first_at: float


@dataclass(frozen=True, slots=True)
class Reigns:
    """Who was the reference of one project since when, oldest first; None where nobody was."""

    since: tuple[float, ...] = ()
    ci_ids: tuple[int | None, ...] = ()

    def at(self, moment: float) -> int | None:
        """The reference at a time, seconds of the epoch."""
        place = bisect_right(self.since, moment)
        return self.ci_ids[place - 1] if place else None

    def parts_from(self, other: Reigns) -> float | None:
        """The first time at which the two differ, None where they do not."""
        times = sorted({*self.since, *other.since})
        return next((one for one in times if self.at(one) != other.at(one)), None)


@dataclass(slots=True)
class References:
    """The reigns of every project."""

    reigns: dict[str, Reigns] = field(default_factory=dict)
    homes: dict[int, set[str]] = field(default_factory=dict)
    """The projects in which a CI ever gave a verdict."""
    mains: dict[int, tuple[int, str]] = field(default_factory=dict)

    def main_project(self, ci_id: int) -> str | None:
        """Where a CI gave most of its verdicts."""
        return self.mains[ci_id][1] if ci_id in self.mains else None

    def at(self, project: str, moment: float) -> int | None:
        """The reference CI of a project at a time, None where there was none."""
        reigns = self.reigns.get(project)
        return reigns.at(moment) if reigns else None

    def reigning(self, project: str, after: float, until: float) -> set[int | None]:
        """Every reference that a project had in ``after < t <= until``."""
        reigns = self.reigns.get(project, Reigns())
        inside = (
            ci
            for since, ci in zip(reigns.since, reigns.ci_ids, strict=True)
            if after < since <= until
        )
        return {reigns.at(after), *inside}

    def of(self, projects: Iterable[str]) -> set[int]:
        """Every CI that ever was the reference of one of these."""
        known = (self.reigns.get(one) for one in projects)
        return {ci for one in known if one for ci in one.ci_ids if ci is not None}


def learn(
    counts: Iterable[Count],
    names: Mapping[int, str],
    configured: Sequence[tuple[Sequence[str], str]],
) -> References:
    """Works the references out; ``configured`` has patterns of projects and a CI's name."""
    by_project: dict[str, list[Count]] = {}
    totals: dict[tuple[int, str], int] = {}
    found = References()
    for one in counts:
        by_project.setdefault(one.project, []).append(one)
        found.homes.setdefault(one.ci_id, set()).add(one.project)
        total = totals[one.ci_id, one.project] = (
            totals.get((one.ci_id, one.project), 0) + one.number
        )
        found.mains[one.ci_id] = max(found.mains.get(one.ci_id, (0, "")), (total, one.project))
    ids = {name: ci_id for ci_id, name in names.items()}
    for project, of_project in by_project.items():
        name = next(
            (ci for patterns, ci in configured if fits_any(patterns, project)),
            None,
        )
        if name is not None:
            found.reigns[project] = _configured(ids.get(name), of_project)
        else:
            found.reigns[project] = _guessed(of_project, names)
    return found


def _configured(ci_id: int | None, counts: Sequence[Count]) -> Reigns:
    """From its first verdict on: before, there was nothing to be measured against."""
    first = min((one.first_at for one in counts if one.ci_id == ci_id), default=None)
    return Reigns() if ci_id is None or first is None else Reigns((first,), (ci_id,))


def _guessed(counts: Sequence[Count], names: Mapping[int, str]) -> Reigns:
    weeks: dict[int, dict[int, int]] = {}
    first: dict[int, float] = {}
    for one in counts:
        weeks.setdefault(one.week, {})[one.ci_id] = one.number
        first[one.ci_id] = min(first.get(one.ci_id, one.first_at), one.first_at)
    since: list[float] = []
    ci_ids: list[int | None] = []
    last: int | None = None
    for week in range(min(weeks), max(weeks) + 2):
        before = _sum(weeks, week - _LEARNT_FROM, week - 1) or weeks.get(week, {})
        guess = guess_reference(before, names, last)
        if guess != last:
            since.append(week * WEEK + _MONDAY if guess is None else _starts(week, first[guess]))
            ci_ids.append(guess)
            last = guess
    return Reigns(tuple(since), tuple(ci_ids))


def _starts(week: int, first_at: float) -> float:
    return max(week * WEEK + _MONDAY, first_at)


def _sum(weeks: Mapping[int, Mapping[int, int]], first: int, last: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for week in range(first, last + 1):
        for ci_id, number in weeks.get(week, {}).items():
            found[ci_id] = found.get(ci_id, 0) + number
    return found


def guess_reference(
    counts: Mapping[int, int], names: Mapping[int, str], last: int | None = None
) -> int | None:
    """The CI that others are most likely measured against, where nobody said which.

    The one that judges most, unless one that is named like a gate judges half
    as much; None where there is no second CI to compare. Who was it ``last``
    stays it while it judges half as much as the most busy one.
    """
    if len(counts) < 2:
        return None
    most = max(counts.values())
    if last is not None and 2 * counts.get(last, 0) >= most:
        return last

    def rank(ci_id: int) -> tuple[bool, int, int]:
        name = names.get(ci_id, "").lower()
        gate = any(word in name for word in _GATES)
        return (gate and 2 * counts[ci_id] >= most, counts[ci_id], -ci_id)

    return max(counts, key=rank)
