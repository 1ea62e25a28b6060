"""A day at a glance: what is wrong, what changed, who is new, how much there was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from cibot.errors import UserError
from cibot.incidents.routing import Choice, chooses
from cibot.model import State, Window
from cibot.reports.change import ci_verdicts, worth_a_look
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.failures import BAD
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.home_projects import NOWHERE, home_projects
from cibot.reports.incidents import IncidentLine, concerns, incidents_in
from cibot.reports.listing import all_lines, branches_of, lines_on
from cibot.reports.names import resolve_branches
from cibot.reports.period import PeriodReport, period_report, read_period
from cibot.store.changes import changes_by_id
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.store.incidents import transitions_since
from cibot.store.references import records_of
from cibot.store.reports import verdicts_on
from cibot.store.tally import Counts, counts_between
from cibot.store.weighing import failed_patch_sets, last_patch_sets
from cibot.text import figures
from cibot.text.patterns import fits_any

_PATCH_SETS = 12  # that are weighed: each costs about what an answer to `change` does
_REPORTS = 100  # failures that are looked through for them


@dataclass(frozen=True, slots=True)
class PatchSetLooks:
    """A patch set with failures that are worth a look."""

    number: int
    patch_set: int
    project: str
    looks: int
    failures: int
    page: str | None


@dataclass(frozen=True, slots=True)
class Looks:
    """Of the ``failures`` on the last few failed patch sets of open changes, those worth a look.

    ``patch_sets`` are theirs, the newest first.
    """

    failures: int = 0
    looks: int = 0
    patch_sets: tuple[PatchSetLooks, ...] = ()


NO_FAILURES = Looks()


def looks(
    tx: Tx,
    ctx: Context,
    lines: Sequence[CiLine],
    chosen: Collection[int],
    window: Window,
    branches: Collection[str] | None = None,
) -> Looks:
    """What the ``chosen`` of all CIs failed in a window, on the last patch sets of changes."""
    failed = failed_patch_sets(tx, chosen, window.since, window.until, _REPORTS, branches)
    last = last_patch_sets(tx, {change_id for change_id, _number in failed})
    asked = [(key, number) for key, number in dict.fromkeys(failed) if number == last.get(key)]
    patch_sets = dict(asked[:_PATCH_SETS])
    changes = changes_by_id(tx, patch_sets)
    verdicts = ci_verdicts(
        tx, ctx, {line.id: line for line in lines}, verdicts_on(tx, list(patch_sets)), patch_sets
    )
    total, shown = 0, list[PatchSetLooks]()
    for change_id, number in patch_sets.items():
        bad = [
            verdict
            for verdict in verdicts[change_id]
            if verdict.result in BAD and verdict.ci.id in chosen
        ]
        worth = sum(map(worth_a_look, bad))
        total += len(bad)
        if worth:
            row = changes[change_id]
            page = ctx.page("change", row.number, project=row.project)
            shown.append(PatchSetLooks(row.number, number, row.project, worth, len(bad), page))
    return Looks(total, sum(patch_set.looks for patch_set in shown), tuple(shown))


Span = Literal["day", "today", "yesterday"]
_ABOUT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Totals:
    """Reports of a window: with a verdict, passed, and not recognised."""

    reports: int
    passes: int
    fails: int
    infra: int
    not_understood: int
    cis: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A window's summary. ``states`` counts the CIs as they are now; ``wrong`` is worst first.

    ``new`` are those that were found in the window and reported on nothing before it.
    ``opened``, ``worse`` and ``resolved`` are the incidents that began, got worse or came
    back, and ended in the window, ``standing`` those that were open at its end;
    ``before`` are the totals of the window before it, ``looks`` says what of the last failures
    is worth a look. Where ``branches``, names or patterns, were asked for, each CI is as it is
    on the worst of them.
    """

    title: str
    window: Window
    states: dict[State, int]
    wrong: tuple[CiLine, ...]
    opened: tuple[IncidentLine, ...]
    worse: tuple[IncidentLine, ...]
    resolved: tuple[IncidentLine, ...]
    new: tuple[CiLine, ...]
    totals: Totals
    before: Totals
    stale: tuple[ServerFeeds, ...]
    standing: tuple[IncidentLine, ...] = ()
    looks: Looks = NO_FAILURES
    branches: tuple[str, ...] = ()


def window_of(ctx: Context, span: Span | date | datetime) -> tuple[str, Window]:
    """A title and its window: the last 24 hours, a local day of the reader's time zone, or the
    time since a moment.

    Raises UserError for a day that has not begun.
    """
    if isinstance(span, datetime):
        return _since(ctx, span)
    if isinstance(span, date):
        return _day(ctx, span)
    if span == "day":
        return "Last 24 hours", Window.before(ctx.now, timedelta(days=1))
    midnight = _midnight(ctx, ctx.now)
    if span == "today":
        return f"Today, {figures.day(ctx.now, ctx.zone)}", Window(midnight, ctx.now)
    before = _midnight(ctx, midnight - timedelta(hours=1))
    return f"Yesterday, {figures.day(before, ctx.zone)}", Window(before, midnight)


def _since(ctx: Context, since: datetime) -> tuple[str, Window]:
    """A day since the last look is called so; more, or less, is called by its beginning."""
    window = Window(since, ctx.now)
    if abs(ctx.now - since - timedelta(days=1)) < _ABOUT:
        return "Last 24 hours", window
    at = since.astimezone(ctx.zone)
    return f"Since {figures.day(since, ctx.zone)}, {at:%H:%M}", window


def _day(ctx: Context, day: date) -> tuple[str, Window]:
    """A day by its date; today ends now."""
    today = ctx.now.astimezone(ctx.zone).date()
    if day > today:
        raise UserError(f"{day} has not begun yet; today is {today}.")
    since = datetime.combine(day, time(), ctx.zone).astimezone(ctx.now.tzinfo)
    after = datetime.combine(day + timedelta(days=1), time(), ctx.zone)
    until = min(ctx.now, after.astimezone(ctx.now.tzinfo))
    return f"{figures.day(since, ctx.zone)} {day.year}", Window(since, until)


def summary(
    tx: Tx,
    ctx: Context,
    span: Span | date | datetime = "day",
    choice: Choice | None = None,
    branch: str | None = None,
) -> Summary:
    """The summary of the window that ``span`` names, of the CIs chosen; states are those of now.

    ``branch`` is a branch, or a pattern of some. Raises UserError when it means none.
    """
    title, window = window_of(ctx, span)
    every = all_lines(tx, ctx)
    lines = _chosen(tx, ctx, every, choice)
    asked, branches = _branches(lines, choice, branch)
    lines = lines if branches is None else lines_on(ctx, lines, branches)
    earlier = Window.before(window.since, window.until - window.since)
    born = {ci.id for ci in all_cis(tx) if ci.created_at in window}
    born -= {row.ci_id for row in records_of(tx, born) if row.first_at < window.since}
    happened = _happened(tx, ctx, lines, window, branches)
    opened = tuple(row for row in happened if row.opened_at and row.opened_at in window)
    return Summary(
        title=title,
        window=window,
        states=dict.fromkeys(State, 0) | Counter(line.state for line in lines),
        wrong=tuple(line for line in lines if line.state.bad),
        opened=opened,
        worse=_worse(tx, window, [incident for incident in happened if incident not in opened]),
        resolved=tuple(
            incident
            for incident in happened
            if incident.resolved_at and incident.resolved_at in window
        ),
        new=tuple(line for line in lines if line.id in born),
        totals=_totals(tx, lines, window, branches),
        before=_totals(tx, lines, earlier, branches),
        stale=stale_feeds(tx, ctx),
        standing=tuple(
            incident
            for incident in happened
            if incident.resolved_at is None or incident.resolved_at >= window.until
        ),
        looks=looks(tx, ctx, every, {line.id for line in lines}, window, branches),
        branches=asked,
    )


def _happened(
    tx: Tx,
    ctx: Context,
    lines: Sequence[CiLine],
    window: Window,
    branches: Collection[str] | None,
) -> list[IncidentLine]:
    """The incidents of these CIs that were open in the window, on some branches or on any."""
    by_name = {line.name: line for line in lines}
    return [
        incident
        for incident in incidents_in(tx, ctx, window)
        if (line := by_name.get(incident.ci)) and concerns(incident, line.branches, branches)
    ]


def _branches(
    lines: Sequence[CiLine], choice: Choice | None, wanted: str | None
) -> tuple[tuple[str, ...], frozenset[str] | None]:
    """What was asked for, and the names of the branches that are meant, None where all are."""
    patterns = tuple(choice.branches) if choice else ("*",)
    if wanted is None and patterns == ("*",):
        return (), None
    names = [name for name in branches_of(lines) if fits_any(patterns, name)]
    if wanted is None:
        return patterns, frozenset(names)
    meant = resolve_branches(wanted, names)
    return (wanted,) if len(meant) > 1 else tuple(meant), frozenset(meant)


def rules_since(tx: Tx, ctx: Context, since: datetime, choice: Choice) -> PeriodReport:
    """Which of the CIs chosen kept the rules on the UTC days since then, without today."""
    names = {ci.name for ci in _chosen(tx, ctx, all_lines(tx, ctx), choice)}
    today = ctx.now.date()
    days = read_period(ctx.now, since=min(since.date(), today - timedelta(days=1)), until=today)
    return period_report(tx, ctx, days, cis=names, branches=choice.branches)


def _chosen(
    tx: Tx, ctx: Context, lines: Sequence[CiLine], choice: Choice | None
) -> Sequence[CiLine]:
    if choice is None:
        return lines
    at_home = home_projects(tx, ctx) if tuple(choice.projects) != ("*",) else {}
    owners = {ci.name: ci.owner for ci in ctx.config.ci}
    return [
        line
        for line in lines
        if chooses(choice, line.name, owners.get(line.name), at_home.get(line.id, NOWHERE).projects)
    ]


def _worse(tx: Tx, window: Window, some: Sequence[IncidentLine]) -> tuple[IncidentLine, ...]:
    """Those that escalated or came back in the window and are not over."""
    steps = {
        step.incident_id
        for step in transitions_since(tx, window.since)
        if step.name in {"escalated", "reopened"} and step.at in window
    }
    return tuple(
        incident for incident in some if incident.id in steps and incident.resolved_at is None
    )


def _midnight(ctx: Context, moment: datetime) -> datetime:
    local = moment.astimezone(ctx.zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(moment.tzinfo)


def _totals(
    tx: Tx, lines: Sequence[CiLine], window: Window, branches: Collection[str] | None
) -> Totals:
    ids = [line.id for line in lines]
    counts = counts_between(tx, ids, window.since, window.until, branches)
    whole = Counts(*map(sum, zip(*counts.values(), strict=True)))
    return Totals(
        reports=whole.judged,
        passes=whole.passes,
        fails=whole.fails,
        infra=whole.infra,
        not_understood=whole.unparsed,
        cis=sum(totals.judged > 0 for totals in counts.values()),
    )
