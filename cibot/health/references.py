"""Which CI is the reference of a project, at any time, and where each CI is at home. Pure.

The reference is as configured; else the CI that others are most likely measured against,
judged by the four weeks before each week, so that a gate that was replaced years ago is
still the reference of its own time. A branch where the project's reference hardly speaks,
and others do, has its own. All that depends only on what is stored, not on when it is
worked out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from cibot.text.patterns import fits_any

if TYPE_CHECKING:
    from cibot.config.models import ReferenceConfig

WEEK = 604_800.0
AT_HOME = 28 * 86_400.0
"""A CI is at home where it reported within so many seconds before it was last heard."""
_MONDAY = 345_600.0  # the first one of the epoch
_LEARNT_FROM = 4  # weeks
_GATES = ("zuul", "jenkins", "gate")
_ENOUGH = 20  # verdicts on a branch in these weeks, for a reference of its own
_HARDLY = 4  # times as many verdicts as the reference's has the CI that judges most on a branch
ANY_BRANCH = ""
"""Stands for every branch of a project that has no reference of its own."""


@dataclass(frozen=True, slots=True)
class ProjectWeek:
    """How many verdicts a CI gave on a branch in a week, counted from the epoch's Monday.

    ``first_at`` and ``last_at`` are seconds of the epoch.
    """

    project: str
    ci_id: int
    week: int
    verdicts: int
    first_at: float
    last_at: float
    branch: str = ANY_BRANCH


def named_for(
    entries: Iterable[ReferenceConfig], project: str, branch: str = ANY_BRANCH
) -> ReferenceConfig | None:
    """The first that is for a project and branch; one for some branches is not for any branch."""
    return next(
        (
            entry
            for entry in entries
            if fits_any(entry.projects, project) and fits_any(entry.branches, branch)
        ),
        None,
    )


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
    """The reference of one project since when, oldest first; None where there was none."""

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
    """The reference periods of every project, and what each CI did where.

    ``periods`` are by project and branch, as they were learnt; what is ``configured`` holds
    before them, in its order, for the CIs of these ``ids``.
    """

    periods: dict[tuple[str, str], ReferencePeriods] = field(default_factory=dict)
    records: dict[int, dict[str, ProjectRecord]] = field(default_factory=dict)
    """By CI and project."""
    configured: Sequence[ReferenceConfig] = ()
    ids: Mapping[str, int] = field(default_factory=dict)
    _by_place: dict[tuple[str, str], ReferencePeriods] = field(
        default_factory=dict, compare=False, repr=False
    )
    _branches: dict[str, set[str]] | None = field(default=None, compare=False, repr=False)

    def periods_of(self, project: str, branch: str = ANY_BRANCH) -> ReferencePeriods:
        """Who was the reference of a project, or of a branch of it, since when."""
        place = (project, branch)
        periods = self._by_place.get(place)  # asked for every report
        if periods is None:
            entry = named_for(self.configured, project, branch)
            if entry is not None:
                periods = self._since_first_verdict(entry, project)
            else:
                general = self.periods.get((project, ANY_BRANCH), _NO_PERIODS)
                periods = self.periods.get(place, general)
            self._by_place[place] = periods
        return periods

    def _since_first_verdict(self, entry: ReferenceConfig, project: str) -> ReferencePeriods:
        record = self.records.get(self.ids.get(entry.ci, 0), {}).get(project)
        return ReferencePeriods((record.first_at,), (record.ci_id,)) if record else _NO_PERIODS

    def every_period(self, project: str) -> dict[str, ReferencePeriods]:
        """Those of the project and of each branch that has its own, by branch or its pattern."""
        if self._branches is None:
            self._branches = {}
            for name, branch in self.periods:
                self._branches.setdefault(name, set()).add(branch)
        by_branch = {
            branch: self.periods_of(project, branch)
            for branch in {ANY_BRANCH, *self._branches.get(project, ())}
        }
        for entry in self.configured:
            if fits_any(entry.projects, project) and tuple(entry.branches) != ("*",):
                periods = self._since_first_verdict(entry, project)
                by_branch |= dict.fromkeys(entry.branches, periods)
        return by_branch

    def during(self, project: str, after: float, until: float) -> set[int | None]:
        """Every reference that a project had on any branch in ``after < t <= until``."""
        cis: set[int | None] = set()
        for periods in self.every_period(project).values():
            cis.add(periods.at(after))
            cis |= {
                ci_id
                for since, ci_id in zip(periods.since, periods.ci_ids, strict=True)
                if after < since <= until
            }
        return cis

    def of(self, projects: Iterable[str]) -> set[int]:
        """Every CI that ever was the reference of one of these projects, on any branch."""
        periods = (each for project in projects for each in self.every_period(project).values())
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
        self, configured: Sequence[ReferenceConfig], names: Mapping[int, str]
    ) -> References:
        """The same with the configured references, each from its first verdict in a project on.

        The first that covers a place holds. ``names`` are the names of CIs by id.
        """
        ids = {name: ci_id for ci_id, name in names.items()}
        return References(self.periods, self.records, configured, ids)


def learn(weeks: Iterable[ProjectWeek], names: Mapping[int, str]) -> References:
    """Works out the references that are not configured; ``names`` are those of CIs by id."""
    by_project: dict[str, list[ProjectWeek]] = {}
    by_ci: dict[int, list[ProjectWeek]] = {}
    for week in weeks:
        by_project.setdefault(week.project, []).append(week)
        by_ci.setdefault(week.ci_id, []).append(week)
    periods: dict[tuple[str, str], ReferencePeriods] = {}
    for project, counts in by_project.items():
        for branch, of_branch in _of_project(counts, names).items():
            periods[project, branch] = of_branch
    return References(periods, {ci_id: _records(of_ci) for ci_id, of_ci in by_ci.items()})


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


def _of_project(
    counts: Sequence[ProjectWeek], names: Mapping[int, str]
) -> dict[str, ReferencePeriods]:
    """The reference periods of a project, as guessed on its busiest branch, and of those branches
    that have had a reference of their own.
    """
    weeks: dict[str, dict[int, dict[int, int]]] = {}
    first: dict[int, float] = {}
    for count in counts:
        if count.verdicts:
            in_week = weeks.setdefault(count.branch, {}).setdefault(count.week, {})
            in_week[count.ci_id] = in_week.get(count.ci_id, 0) + count.verdicts
            first[count.ci_id] = min(first.get(count.ci_id, count.first_at), count.first_at)
    since: list[float] = []
    ci_ids: list[int | None] = []
    last: int | None = None
    own: dict[str, dict[int, int]] = {}
    counted = {week for of_branch in weeks.values() for week in of_branch}
    for week in range(min(counted), max(counted) + 2) if counted else ():
        sums = _sums(weeks, week)
        busiest = max(sums.values(), key=partial(_worth, names=names), default={})
        guess = _guess(busiest if len(busiest) > 1 else _added(sums.values()), names, last)
        if guess != last:
            since.append(week * WEEK + _MONDAY if guess is None else _starts(week, first[guess]))
            ci_ids.append(guess)
            last = guess
        if guess is not None and len(sums) > 1:
            _guess_own(own, sums, guess, week, names)
    general = ReferencePeriods(tuple(since), tuple(ci_ids))
    return {ANY_BRANCH: general} | {
        branch: _merged(of_branch, general) for branch, of_branch in own.items()
    }


def _sums(
    weeks: Mapping[str, Mapping[int, Mapping[int, int]]], week: int
) -> dict[str, Mapping[int, int]]:
    """The verdicts of the weeks before by branch; where there are none, those of the week."""
    before, now = range(week - _LEARNT_FROM, week), range(week, week + 1)
    for span in (before, now):
        sums: dict[str, Mapping[int, int]] = {
            branch: counts
            for branch, of_branch in sorted(weeks.items())
            if (counts := _added(of_branch[each] for each in span if each in of_branch))
        }
        if sums:
            return sums
    return {}


def _worth(counts: Mapping[int, int], names: Mapping[int, str]) -> tuple[bool, bool, int]:
    """How much a branch says of a project's reference: there are CIs to compare, there is a gate,
    much is judged.
    """
    gates = [n for ci_id, n in counts.items() if _is_gate(names, ci_id)]
    return len(counts) > 1, 2 * max(gates, default=0) >= max(counts.values()), sum(counts.values())


def _is_gate(names: Mapping[int, str], ci_id: int) -> bool:
    name = names.get(ci_id, "").lower()
    return any(word in name for word in _GATES)


def _guess_own(
    own: dict[str, dict[int, int]],
    sums: Mapping[str, Mapping[int, int]],
    usual: int,
    week: int,
    names: Mapping[int, str],
) -> None:
    """Adds the references of the branches where the ``usual`` one hardly speaks in that week."""
    quiet = {
        branch: counts
        for branch, counts in sums.items()
        if _HARDLY * counts.get(usual, 0) < max(counts.values())
    }
    measured = {ci_id for branch in sums.keys() - quiet.keys() for ci_id in sums[branch]}
    for branch, counts in quiet.items():
        if len(counts) > 1 and sum(counts.values()) >= _ENOUGH:
            others = {ci_id: n for ci_id, n in counts.items() if ci_id not in measured} or counts
            of_branch = own.setdefault(branch, {})
            of_branch[week] = _choose(others, names, of_branch.get(week - 1))


def _merged(own: Mapping[int, int], general: ReferencePeriods) -> ReferencePeriods:
    """A branch's references by week, and those of its project in the other weeks."""
    begins = {week * WEEK + _MONDAY for each in own for week in (each, each + 1)}
    since: list[float] = []
    ci_ids: list[int | None] = []
    for at in sorted({*general.since, *begins}):
        ci_id = own.get(int((at - _MONDAY) // WEEK), general.at(at))
        if ci_id != (ci_ids[-1] if ci_ids else None):
            since.append(at)
            ci_ids.append(ci_id)
    return ReferencePeriods(tuple(since), tuple(ci_ids))


def _starts(week: int, first_at: float) -> float:
    return max(week * WEEK + _MONDAY, first_at)


def _added(some: Iterable[Mapping[int, int]]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for counts in some:
        for ci_id, verdicts in counts.items():
            sums[ci_id] = sums.get(ci_id, 0) + verdicts
    return sums


def _guess(counts: Mapping[int, int], names: Mapping[int, str], last: int | None) -> int | None:
    """The CI that others are most likely measured against; None where there is no second CI."""
    return _choose(counts, names, last) if len(counts) > 1 else None


def _choose(counts: Mapping[int, int], names: Mapping[int, str], last: int | None) -> int:
    """The CI that judges most, unless one that is named like a gate judges half as much.

    The ``last`` reference remains while it judges half as much as the most busy one.
    """
    most = max(counts.values())
    if last is not None and 2 * counts.get(last, 0) >= most:
        return last

    def rank(ci_id: int) -> tuple[bool, int, int]:
        return (_is_gate(names, ci_id) and 2 * counts[ci_id] >= most, counts[ci_id], -ci_id)

    return max(counts, key=rank)
