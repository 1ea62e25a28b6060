"""Which CI is the reference of a project, at any time, and where each CI is at home. Pure.

The reference is as configured; else the CI that others are most likely measured against,
judged by the four weeks before each week, so that a gate that was replaced years ago is
still the reference of its own time. Both depend only on what is stored, not on when it is
worked out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cibot.text.patterns import first_fit

WEEK = 604_800.0
AT_HOME = 28 * 86_400.0
"""A CI is at home where it reported within so many seconds before it was last heard."""
_MONDAY = 345_600.0  # the first one of the epoch
_LEARNT_FROM = 4  # weeks
_GATES = ("zuul", "jenkins", "gate")


@dataclass(frozen=True, slots=True)
class ProjectWeek:
    """How many verdicts a CI gave in a project in a week (counted from the epoch's Monday).

    ``first_at`` and ``last_at`` are seconds of the epoch.
    """

    project: str
    ci_id: int
    week: int
    verdicts: int
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """What a CI ever did in one project; ``first_at`` is the second of its first verdict there.

    ``place`` is 0 for the project with most of its verdicts in the four weeks up to its
    last one, then 1 and so on; None where it is no longer at home.
    """

    project: str
    ci_id: int
    place: int | None
    first_at: float


@dataclass(frozen=True, slots=True)
class ReferencePeriods:
    """Who was the reference of one project since when, oldest first; None where nobody was."""

    since: tuple[float, ...] = ()
    ci_ids: tuple[int | None, ...] = ()

    def at(self, moment: float) -> int | None:
        """The reference at a time, seconds of the epoch."""
        place = bisect_right(self.since, moment)
        return self.ci_ids[place - 1] if place else None

    def differs_from(self, other: ReferencePeriods) -> float | None:
        """The first time at which the two differ, None where they do not."""
        times = sorted({*self.since, *other.since})
        return next((time for time in times if self.at(time) != other.at(time)), None)


_NO_PERIODS = ReferencePeriods()


@dataclass(slots=True)
class References:
    """The reference periods of every project, and what each CI did where."""

    periods: dict[str, ReferencePeriods] = field(default_factory=dict)
    records: dict[int, dict[str, ProjectRecord]] = field(default_factory=dict)
    """By CI and project."""

    def periods_of(self, project: str) -> ReferencePeriods:
        """Who was the reference of a project since when."""
        return self.periods.get(project, _NO_PERIODS)

    def at(self, project: str, moment: float) -> int | None:
        """The reference CI of a project at a time, None where there was none."""
        return self.periods_of(project).at(moment)

    def during(self, project: str, after: float, until: float) -> set[int | None]:
        """Every reference that a project had in ``after < t <= until``."""
        periods = self.periods_of(project)
        inside = (
            ci_id
            for since, ci_id in zip(periods.since, periods.ci_ids, strict=True)
            if after < since <= until
        )
        return {periods.at(after), *inside}

    def of(self, projects: Iterable[str]) -> set[int]:
        """Every CI that ever was the reference of one of these projects."""
        periods = (self.periods_of(project) for project in projects)
        return {ci_id for each in periods for ci_id in each.ci_ids if ci_id is not None}

    def first_verdict(self, ci_id: int, project: str) -> float:
        """When the CI first gave a verdict in one of its projects."""
        return self.records[ci_id][project].first_at

    def projects_ever(self, ci_id: int) -> set[str]:
        """The projects in which a CI ever gave a verdict."""
        return set(self.records.get(ci_id, ()))

    def home_projects(self, ci_id: int) -> tuple[str, ...]:
        """The projects where a CI is at home, those with most of its verdicts first."""
        records = self.records.get(ci_id, {}).values()
        places = sorted((each.place, each.project) for each in records if each.place is not None)
        return tuple(project for _place, project in places)

    def main_project(self, ci_id: int) -> str | None:
        """Where a CI gives most of its verdicts, None where it gave none."""
        return next(iter(self.home_projects(ci_id)), None)

    def with_configured(
        self, configured: Sequence[tuple[Sequence[str], str]], names: Mapping[int, str]
    ) -> References:
        """The same with the configured references, each from its first verdict in a project on.

        ``configured`` has patterns of projects with the name of a CI; the first that fits
        a project holds. ``names`` are the names of CIs by id.
        """
        if not configured:
            return self
        ids = {name: ci_id for ci_id, name in names.items()}
        periods = dict(self.periods)
        for project in {
            *self.periods,
            *(project for own in self.records.values() for project in own),
        }:
            name = first_fit(configured, project)
            if name is not None:
                record = self.records.get(ids.get(name, 0), {}).get(project)
                periods[project] = (
                    ReferencePeriods((record.first_at,), (record.ci_id,)) if record else _NO_PERIODS
                )
        return References(periods, self.records)


def learn(weeks: Iterable[ProjectWeek], names: Mapping[int, str]) -> References:
    """Works out the references that are not configured; ``names`` are those of CIs by id."""
    by_project: dict[str, list[ProjectWeek]] = {}
    by_ci: dict[int, list[ProjectWeek]] = {}
    for week in weeks:
        by_project.setdefault(week.project, []).append(week)
        by_ci.setdefault(week.ci_id, []).append(week)
    return References(
        {project: _guessed(of_project, names) for project, of_project in by_project.items()},
        {ci_id: _records(of_ci) for ci_id, of_ci in by_ci.items()},
    )


def _records(weeks: Sequence[ProjectWeek]) -> dict[str, ProjectRecord]:
    """What one CI did in each project."""
    newest = max(week.week for week in weeks)
    last_anywhere = max(week.last_at for week in weeks)
    lately: dict[str, int] = {}
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for week in weeks:
        project = week.project
        recent = week.verdicts if week.week > newest - _LEARNT_FROM else 0
        lately[project] = lately.get(project, 0) + recent
        first[project] = min(first.get(project, week.first_at), week.first_at)
        last[project] = max(last.get(project, week.last_at), week.last_at)
    at_home = [project for project in last if last[project] >= last_anywhere - AT_HOME]
    at_home.sort(key=lambda project: (-lately[project], project))
    places = {project: place for place, project in enumerate(at_home)}
    ci_id = weeks[0].ci_id
    return {
        project: ProjectRecord(project, ci_id, places.get(project), at)
        for project, at in first.items()
    }


def _guessed(counts: Sequence[ProjectWeek], names: Mapping[int, str]) -> ReferencePeriods:
    weeks: dict[int, dict[int, int]] = {}
    first: dict[int, float] = {}
    for count in counts:
        if not count.verdicts:
            continue
        weeks.setdefault(count.week, {})[count.ci_id] = count.verdicts
        first[count.ci_id] = min(first.get(count.ci_id, count.first_at), count.first_at)
    since: list[float] = []
    ci_ids: list[int | None] = []
    last: int | None = None
    if not weeks:
        return _NO_PERIODS
    for week in range(min(weeks), max(weeks) + 2):
        before = _sum(weeks, week - _LEARNT_FROM, week - 1) or weeks.get(week, {})
        guess = _guess(before, names, last)
        if guess != last:
            since.append(week * WEEK + _MONDAY if guess is None else _starts(week, first[guess]))
            ci_ids.append(guess)
            last = guess
    return ReferencePeriods(tuple(since), tuple(ci_ids))


def _starts(week: int, first_at: float) -> float:
    return max(week * WEEK + _MONDAY, first_at)


def _sum(weeks: Mapping[int, Mapping[int, int]], first: int, last: int) -> dict[int, int]:
    sums: dict[int, int] = {}
    for week in range(first, last + 1):
        for ci_id, verdicts in weeks.get(week, {}).items():
            sums[ci_id] = sums.get(ci_id, 0) + verdicts
    return sums


def _guess(counts: Mapping[int, int], names: Mapping[int, str], last: int | None) -> int | None:
    """The CI that others are most likely measured against, where nobody said which.

    The one that judges most, unless one that is named like a gate judges half
    as much; None where there is no second CI to compare. The ``last`` reference
    remains while it judges half as much as the most busy one.
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
