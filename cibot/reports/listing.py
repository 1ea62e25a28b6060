"""All CIs, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.homes import cis_on
from cibot.reports.incidents import IncidentLine, open_by_ci
from cibot.reports.project import find_project
from cibot.reports.signals import Rate, SignalView, read_signals, success_rate, worst_signal
from cibot.store.cis import CiName, ci_names, last_heard
from cibot.store.engine import Tx
from cibot.store.incidents import StoredHealth, health_of
from cibot.store.leaving import retired_cis


@dataclass(frozen=True, slots=True)
class CiLine:
    """One CI as every list shows it. Without an assessment it is unknown, ``since`` None.

    ``said`` is the sentence of the worst signal, or empty. ``signals`` have their
    evidence where one CI is asked about, but for `status`; in lists they are without.
    """

    id: int
    name: str
    state: State
    since: datetime | None
    rate: Rate | None
    said: str
    signals: tuple[SignalView, ...]
    last_heard_at: datetime | None
    incidents: tuple[IncidentLine, ...]
    page: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """CIs worst first. ``totals`` counts every state among all CIs of ``project``.

    ``cis`` are those of the state asked for; ``stale`` names the servers not heard.
    """

    cis: tuple[CiLine, ...]
    totals: dict[State, int]
    state: State | None
    project: str | None
    stale: tuple[ServerFeeds, ...]

    @property
    def wrong(self) -> int:
        """How many CIs are silent, failing or degraded."""
        return sum(count for state, count in self.totals.items() if is_wrong(state))


def is_wrong(state: State) -> bool:
    """Whether a CI in that state needs a look."""
    return state.rank < State.UNKNOWN.rank


def listing(
    tx: Tx, ctx: Context, state: State | None = None, project: str | None = None
) -> Listing:
    """Every CI, or those in ``state`` or at home on ``project`` (matched fuzzily), worst first.

    Raises UserError when no project is meant.
    """
    lines = all_lines(tx, ctx)
    if project is not None:
        project = find_project(tx, project)
        at_home = cis_on(tx, project)
        lines = [line for line in lines if line.id in at_home]
    totals = dict.fromkeys(State, 0) | Counter(one.state for one in lines)
    chosen = tuple(one for one in lines if state in {None, one.state})
    return Listing(chosen, totals, state, project, stale_feeds(tx, ctx))


def all_lines(tx: Tx, ctx: Context) -> list[CiLine]:
    """Every CI that is not retired, worst first: by state, by who passes least, by name."""
    health = {one.ci_id: one for one in health_of(tx)}
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
    *,
    evidence: bool = False,
) -> CiLine:
    """What is known of a CI, in one line."""
    signals = read_signals(health.signals, evidence=evidence) if health else ()
    worst = worst_signal(signals)
    return CiLine(
        id=row.id,
        name=row.name,
        state=_state(health),
        since=health.since if health else None,
        rate=success_rate(signals),
        said=worst.said if worst else "",
        signals=signals,
        last_heard_at=heard_at,
        incidents=incidents,
        page=ctx.ci_page(row.name),
    )


def _state(health: StoredHealth | None) -> State:
    try:
        return State(health.state) if health else State.UNKNOWN
    except ValueError:
        return State.UNKNOWN
