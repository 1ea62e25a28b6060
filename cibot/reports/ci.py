"""One CI: finding the one that is meant, and what is known of it in one line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from cibot.errors import UserError
from cibot.health.branches import read_branches
from cibot.health.seen import Seen
from cibot.health.signal import BranchHealth, Signal, read_signals
from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine, as_of, open_by_ci
from cibot.reports.names import means_whole, resolve, resolve_branch
from cibot.reports.signals import (
    Rate,
    RateReason,
    Sighting,
    rate_reason,
    success_rate,
    worst_signal,
)
from cibot.store.cis import CiName, ci_names, latest_reports
from cibot.store.engine import Tx
from cibot.store.incidents import StoredHealth, health_of, incident_by_id, incidents_of
from cibot.store.leaving import retirements
from cibot.text.figures import cut
from cibot.text.numbers import number_in


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


def find_ci(tx: Tx, wanted: str, *, whole: bool = False) -> CiName:
    """The CI that is meant, fuzzily or by an incident of it, as #218.

    With ``whole`` its name must be written out. UserError, asking back, when several fit or
    none does.
    """
    by_name = {ci_name.name: ci_name for ci_name in ci_names(tx)}
    number = number_in(wanted) if wanted.startswith("#") and wanted not in by_name else None
    if number is not None:
        stored = incident_by_id(tx, number)
        named = next((row for row in by_name.values() if stored and row.id == stored.ci_id), None)
        if named is None:
            raise UserError(f"There is no incident {wanted}.")
        return named
    if whole:
        return by_name[resolve(wanted, list(by_name), ways=means_whole, guess=False)]
    return by_name[resolve(wanted, list(by_name))]


def line_named(tx: Tx, ctx: Context, name: str, branch: str | None = None) -> CiLine:
    """As `line_of`, of the CI that is meant; UserError, asking back, when none or several are."""
    return line_of(tx, ctx, find_ci(tx, name), branch)


def line_of(tx: Tx, ctx: Context, row: CiName, branch: str | None = None) -> CiLine:
    """What is known of one CI, or of it on a branch, in one line.

    Raises UserError, asking back, when ``branch`` means none where it is at home.
    """
    health = next(iter(health_of(tx, row.id)), None)
    last = latest_reports(tx, row.id)
    heard_at = last[0].posted_at if last else None
    incidents = open_by_ci(tx, ctx, row.id).get(row.id, ())
    line = ci_line(ctx, row, health, heard_at, incidents, retirements(tx).get(row.id))
    return line if branch is None else on_branch(ctx, line, branch)


def open_incident(tx: Tx, name: str) -> int:
    """The number of a CI's open incident; UserError when none is open."""
    ci = find_ci(tx, name)
    stored = incidents_of(tx, ci.id)
    if not stored:
        raise UserError(f"No incident of {ci.name} is open.")
    return stored[0].id


def ci_line(
    ctx: Context,
    row: CiName,
    health: StoredHealth | None,
    heard_at: datetime | None,
    incidents: tuple[IncidentLine, ...],
    retired_at: datetime | None = None,
) -> CiLine:
    """What is known of a CI, in one line."""
    stored = read_signals(health.signals) if health else ()
    signals = tuple(replace(signal, seen=as_of(ctx.now, signal.seen)) for signal in stored)
    worst = worst_signal(signals)
    return CiLine(
        id=row.id,
        name=row.name,
        state=State(health.state) if health and health.state in set(State) else State.UNKNOWN,
        since=health.since if health else None,
        rate=success_rate(signals),
        seen=worst.seen if worst else None,
        reason=rate_reason(signals),
        signals=signals,
        last_heard_at=heard_at,
        incidents=incidents,
        page=ctx.page("ci", row.name),
        branches=read_branches(health.branches) if health else (),
        retired=Retired(retired_at) if retired_at or ctx.entry(row.name).retired else None,
    )


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
    return at_branch(ctx, line, by_name[name])


def at_branch(ctx: Context, line: CiLine, branch: BranchHealth) -> CiLine:
    """The CI as it is on a branch that it has; one that is silent is silent there, too."""
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
        page=ctx.page("ci", line.name, branch=branch.branch),
        branch=branch,
    )
