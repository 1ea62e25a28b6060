"""All CIs, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cibot.model import State
from cibot.reports.ci import CiLine, at_branch, ci_line
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.home_projects import cis_on
from cibot.reports.incidents import open_by_ci
from cibot.reports.names import resolve_branch
from cibot.reports.projects import find_project
from cibot.store.cis import ci_names, last_heard
from cibot.store.engine import Tx
from cibot.store.incidents import health_of
from cibot.store.leaving import retirements


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
        [at_branch(ctx, line, health) for health in line.branches if health.branch in branches]
        for line in lines
    )
    return worst_first(worst_first(each)[0] for each in there if each)


def all_lines(tx: Tx, ctx: Context) -> list[CiLine]:
    """Every CI that is not retired, worst first: by state, by who passes least, by name."""
    health = {health.ci_id: health for health in health_of(tx)}
    heard = last_heard(tx)
    incidents = open_by_ci(tx, ctx)
    retired = retirements(tx)
    return worst_first(
        ci_line(ctx, row, health.get(row.id), heard.get(row.id), incidents.get(row.id, ()))
        for row in ci_names(tx)
        if row.id not in retired and not ctx.entry(row.name).retired
    )


def worst_first(lines: Iterable[CiLine]) -> list[CiLine]:
    """By state, then by the share passed, then by name."""
    return sorted(
        lines,
        key=lambda ci: (ci.state.rank, ci.rate.share if ci.rate else 2.0, ci.name.casefold()),
    )
