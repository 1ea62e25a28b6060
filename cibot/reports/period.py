"""The report of a period: what each CI of a project promised and did, for those who decide.

Whole UTC days. What is counted comes from the roll-up that judging keeps, so that the report
says what `why` and `missed` said at the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from cibot.config.models import RuleConfig
from cibot.errors import UserError
from cibot.model import State, Window
from cibot.reports import promise, spans
from cibot.reports.context import Context, same_fields
from cibot.reports.home_projects import cis_on, home_projects, reference_on
from cibot.reports.period_sums import Branch, Sums, day_of, silent_where, sums_of, together
from cibot.reports.projects import find_project
from cibot.reports.promise import Criterion, Promise, Ruling
from cibot.reports.signals import Rate, rate_of
from cibot.store.cis import ci_names
from cibot.store.engine import Tx
from cibot.store.incidents import OpenedIncident, opened_between
from cibot.store.leaving import retirements
from cibot.store.references import records_of
from cibot.store.rollup import spells_during
from cibot.text.patterns import fits_any

MOST_DAYS = 370
USUAL_DAYS = 90
_DAY = timedelta(days=1)
_MOST_JOBS = 50


@dataclass(frozen=True, slots=True)
class JobCount:
    """In how many of a CI's runs a voting job was."""

    job: str
    runs: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a CI did in a period.

    Of ``due`` chances it ``reported`` some, ``in_time`` within the time of the report; uploads
    of ten minutes are one. Half and 95 % of the first verdicts came within ``p50`` and ``p95``,
    which are not given for the time before. ``right`` is how often it said what the reference
    did on the same patch sets; of ``paired`` that the reference passed it failed
    ``false_failures``: a change that keeps failing counts once; ``failing``, ``silent``: how long.
    """

    due: int
    reported: Rate | None
    in_time: Rate | None
    p50: timedelta | None
    p95: timedelta | None
    right: Rate | None
    paired: int
    false_failures: int
    failing: timedelta
    silent: timedelta
    longest_outage: Window | None
    incidents: int
    acknowledged: int
    to_acknowledge: timedelta | None


@dataclass(frozen=True, slots=True)
class CiPeriod:
    """One CI in a period, and in the ``before`` of the same length.

    ``since`` is its first verdict where that lies in the period, ``retired_at`` when it left.
    ``jobs`` are the voting jobs of its ``runs``, the most frequent first.
    """

    name: str
    page: str | None
    is_reference: bool
    since: datetime | None
    retired: bool
    retired_at: datetime | None
    now: Figures
    before: Figures
    runs: int
    jobs: tuple[JobCount, ...]
    promises: tuple[Promise, ...]

    @property
    def kept(self) -> Ruling | None:
        """What became of all rules together; None where there is none for it."""
        if not self.promises:
            return None
        return promise.overall(promised.kept for promised in self.promises)


@dataclass(frozen=True, slots=True)
class ProjectRule:
    """A rule as configured, by its number from 1."""

    number: int
    projects: tuple[str, ...]
    branches: tuple[str, ...]
    reports: float
    within: timedelta
    agrees: float | None
    silent_at_most: timedelta | None
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """CIs that did not keep the rules first. ``window`` is whole UTC days, ``until`` excluded.

    ``project`` and ``branch`` are what was asked for; ``reference`` is the project's CI that
    others are measured against; ``within`` the time that counts as in time.
    """

    window: Window
    before: Window
    project: str | None
    branch: str | None
    reference: str | None
    within: timedelta
    rules: tuple[ProjectRule, ...]
    cis: tuple[CiPeriod, ...]

    @property
    def totals(self) -> dict[Ruling, int]:
        """How many CIs kept the rules."""
        return dict.fromkeys(Ruling, 0) | Counter(ci.kept for ci in self.cis if ci.kept)


def read_period(
    now: datetime, days: int | None = None, since: date | None = None, until: date | None = None
) -> tuple[date, date]:
    """The first day and the day after the last: ``days`` until today (90), or as they are named.

    A period that is not over ends today. Raises UserError for one that is none, has not begun
    or is too long.
    """
    tomorrow = now.astimezone(UTC).date() + _DAY
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise UserError(f"A report covers 1 to {MOST_DAYS} days, not {days}.")
    if days is not None and since is not None and until is not None:
        raise UserError("Give a report two of from, to and a number of days, not all three.")
    if since is not None and until is not None and since >= until:
        raise UserError(f"A report from {since} on cannot end before {until}.")
    length = (days or USUAL_DAYS) * _DAY
    if since is not None and until is None:
        until = since + length if days else tomorrow
    elif since is None:
        until = until or tomorrow
        since = min(until, tomorrow) - length
    assert since is not None
    assert until is not None
    if since >= tomorrow:
        raise UserError(f"{since} has not begun yet; today is {tomorrow - _DAY}.")
    until = min(until, tomorrow)
    if (until - since).days > MOST_DAYS:
        raise UserError(f"A report covers at most {MOST_DAYS} days, not {(until - since).days}.")
    return since, until


def period_report(
    tx: Tx,
    ctx: Context,
    days: tuple[date, date],
    project: str | None = None,
    branch: str | None = None,
    cis: Container[str] | None = None,
    branches: Collection[str] = ("*",),
) -> PeriodReport:
    """Every CI of a project (matched fuzzily), or of all, in ``days`` as `read_period` gives them.

    ``branch`` is a pattern, as are ``branches`` where there are several; ``cis`` are the names
    of the CIs to include, None for all. Raises UserError when no project is meant.
    """
    if project is not None:
        project = find_project(tx, project)
    report = _Asked(tx, ctx, days, project, branch, branches).report()
    if cis is None:
        return report
    return replace(report, cis=tuple(ci for ci in report.cis if ci.name in cis))


class _Asked:
    """One report under way."""

    def __init__(
        self,
        tx: Tx,
        ctx: Context,
        days: tuple[date, date],
        project: str | None,
        branch: str | None,
        branches: Collection[str],
    ) -> None:
        self._tx = tx
        self._ctx = ctx
        self._project = project
        self._branch = branch
        self._window = Window(_midnight(days[0]), _midnight(days[1]))
        self._before = Window.before(self._window.since, self._window.until - self._window.since)
        self._rules = _rules(ctx.config.rule)
        self._names = dict(ci_names(tx))
        self._retired = retirements(tx)
        ids = self._names.keys()
        where = branches if branch is None else (branch,)
        self._counted = sums_of(tx, ids, self._window, project, where, jobs=True)
        self._counted_before = sums_of(tx, ids, self._before, project, where, jobs=False)
        self._since = self._known_since()
        self._end = min(self._window.until, ctx.now)
        self._spells = self._spells_of()
        self._opened: dict[int, list[OpenedIncident]] = {}
        for incident in opened_between(tx, self._before.since, self._window.until):
            self._opened.setdefault(incident.ci_id, []).append(incident)

    def report(self) -> PeriodReport:
        tx, ctx, project = self._tx, self._ctx, self._project
        reference = reference_on(tx, ctx, project, self._names, self._branch) if project else None
        name = reference.name if reference else None
        homes = () if project else home_projects(tx, ctx).values()
        references = {name} if project else {home.reference for home in homes}
        cis = [self._ci(ci_id, references) for ci_id in self._shown()]
        return PeriodReport(
            self._window,
            self._before,
            project,
            self._branch,
            name,
            _IN_TIME,
            tuple(self._rules),
            tuple(sorted(cis, key=_order)),
        )

    def _known_since(self) -> dict[int, datetime]:
        """When each CI gave its first verdict where it is asked about, or was first counted."""
        since: dict[int, datetime] = {}
        for counted in (self._counted, self._counted_before):
            for ci_id, by_branch in counted.items():
                days = [sums.first for sums in by_branch.values() if sums.first is not None]
                if days:
                    first = day_of(min(days))
                    since[ci_id] = min(since.get(ci_id, first), first)
        for row in records_of(self._tx):
            if self._project in {None, row.project}:
                day = since.get(row.ci_id)
                if day is None or row.first_at < day + _DAY:  # of that day it is exact
                    since[row.ci_id] = row.first_at
        return since

    def _shown(self) -> set[int]:
        """Who did or should have done anything, and who is at home there."""
        counted = {
            ci_id
            for ci_id, by_branch in self._counted.items()
            if not all(sums.empty for sums in by_branch.values())
        }
        if self._project is None or self._branch is not None:
            return counted
        present = {
            ci_id
            for ci_id in cis_on(self._tx, self._project)
            if ci_id in self._names
            and ci_id not in self._retired
            and not self._ctx.entry(self._names[ci_id]).retired
        }
        return counted | present

    def _spells_of(self) -> dict[int, dict[State, list[Window]]]:
        """When each CI was failing and silent, also before the two periods where it began there."""
        spells: dict[int, dict[State, list[Window]]] = {}
        rows = spells_during(self._tx, self._names.keys(), self._before.since, self._window.until)
        for row in rows:
            until = min(row.until or self._end, self._end)
            state = State(row.state)
            span = Window(row.since, until)
            spells.setdefault(row.ci_id, {}).setdefault(state, []).append(span)
        return spells

    def _ci(self, ci_id: int, references: set[str | None]) -> CiPeriod:
        by_branch = self._counted.get(ci_id, {})
        whole = together(by_branch.values())
        before = together(self._counted_before.get(ci_id, {}).values())
        name = self._names[ci_id]
        reference = name in references
        first = self._since.get(ci_id)
        since = first if first is not None and first in self._window else None
        return CiPeriod(
            name,
            self._ctx.page("ci", name),
            reference,
            since,
            ci_id in self._retired or self._ctx.entry(name).retired,
            self._retired.get(ci_id),
            self._figures(ci_id, whole, self._window),
            self._figures(ci_id, before, self._before),
            whole.runs,
            tuple(JobCount(*job) for job in (+whole.jobs).most_common(_MOST_JOBS) if job[0]),
            () if reference else tuple(self._promises(ci_id, by_branch)),
        )

    def _figures(self, ci_id: int, sums: Sums, window: Window) -> Figures:
        of_ci = self._spells.get(ci_id, {})
        silent = spans.joined(spans.within(of_ci.get(State.SILENT, ()), window))
        failing = spans.within(of_ci.get(State.FAILING, ()), window)
        out = spans.joined([*silent, *failing])
        opened = [
            incident for incident in self._opened.get(ci_id, ()) if incident.opened_at in window
        ]
        waits = [
            (incident.acknowledged_at - incident.opened_at).total_seconds()
            for incident in opened
            if incident.acknowledged_at is not None
        ]
        return Figures(
            sums.due,
            sums.reported,
            rate_of(sums.in_time(_IN_TIME), sums.due),
            sums.took_within(0.5),
            sums.took_within(0.95),
            rate_of(sums.right, sums.pairs),
            sums.paired,
            sums.false_failures,
            spans.added(out) - spans.added(silent),
            spans.added(silent),
            spans.longest(out),
            len(opened),
            len(waits),
            timedelta(seconds=median(waits)) if waits else None,
        )

    def _promises(self, ci_id: int, by_branch: Mapping[Branch, Sums]) -> Iterable[Promise]:
        """Each rule that has something to say of the CI here."""
        for rule in self._rules:
            concerned = {
                (project, branch): sums
                for (project, branch), sums in by_branch.items()
                if fits_any(rule.projects, project) and fits_any(rule.branches, branch)
            }
            if concerned:
                yield Promise(rule.number, tuple(self._criteria(ci_id, rule, concerned)))

    def _criteria(
        self, ci_id: int, rule: ProjectRule, concerned: Mapping[Branch, Sums]
    ) -> Iterable[Criterion]:
        sums = together(concerned.values())
        policy = self._ctx.config.judgement.default
        least = policy.coverage.minimum
        yield promise.share("reports", sums.in_time(rule.within), sums.due, rule.reports, least)
        if rule.agrees is not None:
            least_pairs = policy.disagreement.minimum
            yield promise.share("agrees", sums.right, sums.pairs, rule.agrees, least_pairs)
        for job in rule.jobs:
            yield promise.share("job", sums.jobs[job], sums.runs, rule.reports, least, job)
        if rule.silent_at_most is not None:
            places = concerned if rule.branches != ("*",) else ()
            yield self._silence(ci_id, rule.silent_at_most, places)

    def _silence(self, ci_id: int, allowed: timedelta, places: Collection[Branch]) -> Criterion:
        """A silence counts whole where any part of it is in the period; also one there alone."""
        silent = spans.joined(self._spells.get(ci_id, {}).get(State.SILENT, ()))
        touching = [span for span in silent if span.until > self._window.since]
        longest = spans.longest(touching)
        end = min(self._end, self._retired.get(ci_id, self._end))
        begin = self._since.get(ci_id, end)
        lasted = longest.until - longest.since if longest else timedelta(0)
        lasted = max(lasted, silent_where(self._tx, ci_id, self._window, places))
        return promise.silence(lasted, allowed, end - begin)


_IN_TIME = RuleConfig().within


def _rules(configured: Iterable[RuleConfig]) -> list[ProjectRule]:
    return [
        ProjectRule(number, **same_fields(ProjectRule, rule))
        for number, rule in enumerate(configured, 1)
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_RANK = {Ruling.NOT_MET: 0, Ruling.TOO_LITTLE: 1, Ruling.MET: 2, None: 3}


def _order(ci: CiPeriod) -> tuple[bool, int, float, str]:
    share = ci.now.in_time.share if ci.now.in_time else 2.0
    return (ci.is_reference, _RANK[ci.kept], share, ci.name.casefold())
