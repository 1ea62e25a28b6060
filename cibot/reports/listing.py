"""All CIs, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from cibot.errors import UserError
from cibot.health.branches import read_branches
from cibot.health.seen import Seen
from cibot.health.signal import BranchHealth, Signal
from cibot.health.stored import read_signals
from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.home_projects import cis_on
from cibot.reports.incidents import IncidentLine, open_by_ci
from cibot.reports.names import resolve_branch
from cibot.reports.project import find_project
from cibot.reports.signals import (
    Rate,
    RateReason,
    Sighting,
    rate_reason,
    success_rate,
    worst_signal,
)
from cibot.store.cis import CiName, ci_names, last_heard
from cibot.store.engine import Tx
from cibot.store.incidents import StoredHealth, health_of
from cibot.store.leaving import retired_cis
from cibot.text.figures import cut


@dataclass(frozen=True, slots=True)
class Retired:
    """That a CI is judged no more: since ``at``, or by the configuration, which has no date."""

    at: datetime | None


@dataclass(frozen=True, slots=True)
class CiLine(Sighting):
    """One CI as every list shows it. Without an assessment it is unknown, ``since`` None.

    ``seen`` is what the worst signal saw, None where none is bad; ``reason`` why the pass rate
    means what it means, None where it is well.
    With ``branch`` state, rate and time are those of that branch; ``branches`` are those
    where it is at home.
    """

    id: int
    name: str
    state: State
    since: datetime | None
    rate: Rate | None
    signals: tuple[Signal, ...] = field(default=(), kw_only=True)
    last_heard_at: datetime | None
    incidents: tuple[IncidentLine, ...]
    page: str | None
    branches: tuple[BranchHealth, ...] = ()
    branch: BranchHealth | None = None
    seen: Seen | None = None
    reason: RateReason | None = None
    retired: Retired | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """CIs worst first. ``totals`` counts every state among all CIs of ``project`` and ``branch``.

    ``cis`` are those of the state asked for; ``stale`` names the servers not heard.
    """

    cis: tuple[CiLine, ...]
    totals: dict[State, int]
    state: State | None
    project: str | None
    stale: tuple[ServerFeeds, ...]
    branch: str | None = None

    @property
    def wrong(self) -> int:
        """How many CIs are silent, failing or degraded."""
        return sum(count for state, count in self.totals.items() if state.bad)


def listing(
    tx: Tx,
    ctx: Context,
    state: State | None = None,
    project: str | None = None,
    branch: str | None = None,
) -> Listing:
    """Every CI, or those in ``state`` or at home on ``project`` (matched fuzzily), worst first.

    With ``branch`` those at home there, as they are there. Raises UserError when no project
    or no branch is meant.
    """
    lines = all_lines(tx, ctx)
    if project is not None:
        project = find_project(tx, project)
        at_home = cis_on(tx, project)
        lines = [line for line in lines if line.id in at_home]
    if branch is not None:
        branch = resolve_branch(branch, branches_of(lines))
        lines = lines_on(ctx, lines, {branch})
    totals = dict.fromkeys(State, 0) | Counter(line.state for line in lines)
    chosen = tuple(line for line in lines if state in {None, line.state})
    return Listing(chosen, totals, state, project, stale_feeds(tx, ctx), branch)


def branches_of(lines: Iterable[CiLine]) -> list[str]:
    """The branches where any of these CIs is at home, by name."""
    return sorted({health.branch for line in lines for health in line.branches})


def lines_on(ctx: Context, lines: Iterable[CiLine], branches: Collection[str]) -> list[CiLine]:
    """Those at home on some branches, each as it is on the worst of them, worst first."""
    there = (
        [_there(ctx, line, health) for health in line.branches if health.branch in branches]
        for line in lines
    )
    return worst_first(worst_first(each)[0] for each in there if each)


def branch_name(line: CiLine) -> str | None:
    """The branch that was asked about, None where it is the whole CI."""
    return line.branch.branch if line.branch else None


def on_branch(ctx: Context, line: CiLine, wanted: str) -> CiLine:
    """A CI as it is on a branch; one that is silent is silent on each.

    Raises UserError, asking back, when ``wanted`` means none where it is at home.
    """
    if line.retired is not None:
        return line  # it is so everywhere
    by_name = {health.branch: health for health in line.branches}
    if not by_name:
        raise UserError(f"{cut(line.name, 40)} has no results on any branch yet.")
    name = resolve_branch(wanted, list(by_name), f"branch of {cut(line.name, 40)}")
    return _there(ctx, line, by_name[name])


def _there(ctx: Context, line: CiLine, branch: BranchHealth) -> CiLine:
    silent = line.state is State.SILENT
    rate = Rate(branch.passes, branch.n, branch.low, branch.high) if branch.n else None
    return replace(
        line,
        state=line.state if silent else branch.state,
        since=line.since if silent else branch.since,
        rate=rate,
        seen=line.seen if silent else None,
        reason=None,
        last_heard_at=branch.heard_at,
        page=ctx.ci_page(line.name, branch.branch),
        branch=branch,
    )


def all_lines(tx: Tx, ctx: Context) -> list[CiLine]:
    """Every CI that is not retired, worst first: by state, by who passes least, by name."""
    health = {health.ci_id: health for health in health_of(tx)}
    heard = last_heard(tx)
    incidents = open_by_ci(tx, ctx)
    retired = retired_cis(tx)
    return worst_first(
        ci_line(ctx, row, health.get(row.id), heard.get(row.id), incidents.get(row.id, ()))
        for row in ci_names(tx)
        if row.id not in retired and not ctx.retires(row.name)
    )


def worst_first(lines: Iterable[CiLine]) -> list[CiLine]:
    """By state, then by the share passed, then by name."""
    return sorted(
        lines,
        key=lambda one: (one.state.rank, one.rate.share if one.rate else 2.0, one.name.casefold()),
    )


def ci_line(
    ctx: Context,
    row: CiName,
    health: StoredHealth | None,
    heard_at: datetime | None,
    incidents: tuple[IncidentLine, ...],
    retired_at: datetime | None = None,
) -> CiLine:
    """What is known of a CI, in one line."""
    signals = read_signals(health.signals) if health else ()
    worst = worst_signal(signals)
    return CiLine(
        id=row.id,
        name=row.name,
        state=_state(health),
        since=health.since if health else None,
        rate=success_rate(signals),
        seen=worst.seen if worst else None,
        reason=rate_reason(signals),
        signals=signals,
        last_heard_at=heard_at,
        incidents=incidents,
        page=ctx.ci_page(row.name),
        branches=read_branches(health.branches) if health else (),
        retired=Retired(retired_at) if retired_at or ctx.retires(row.name) else None,
    )


def _state(health: StoredHealth | None) -> State:
    try:
        return State(health.state) if health else State.UNKNOWN
    except ValueError:
        return State.UNKNOWN
