"""How one CI is: the question that is asked most."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.model import State
from cibot.reports.ci import find_ci, line_of
from cibot.reports.context import Context
from cibot.reports.failures import (
    JobShare,
    Passed,
    Verdict,
    failures,
    passed_since,
    verdicts,
    worst_job,
)
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.listing import CiLine
from cibot.reports.project import cis_on, reference_on
from cibot.reports.signals import Rate, read_signals, success_rate
from cibot.reports.silences import Muted, silence_on
from cibot.store.engine import Tx
from cibot.store.incidents import health_of
from cibot.store.queries_ci import ci_rows, latest_reports


@dataclass(frozen=True, slots=True)
class Status:
    """One CI. ``passed_since`` counts from the moment it came into its state.

    ``reference`` is the CI that it is measured against, None where there is
    none or it is that one itself. ``last`` is its last report of any kind,
    ``silence`` what mutes its alerts now.
    """

    ci: CiLine
    reference: str | None
    reference_rate: Rate | None
    passed_since: Passed | None
    worst_job: JobShare | None
    last: Verdict | None
    stale: tuple[ServerFeeds, ...]
    silence: Muted | None = None


def status(tx: Tx, ctx: Context, name: str) -> Status:
    """The state of the CI that ``name`` means; UserError, asking back, when none is meant."""
    row = find_ci(tx, name)
    line = line_of(tx, ctx, row)
    last = verdicts(tx, latest_reports(tx, row.id))
    bad = line.state in {State.FAILING, State.DEGRADED}
    reference, rate = _reference(tx, ctx, line, last)
    return Status(
        ci=line,
        reference=reference,
        reference_rate=rate,
        passed_since=passed_since(tx, row.id, line.since) if bad and line.since else None,
        worst_job=worst_job(failures(tx, row.id, line.since)) if bad else None,
        last=last[0] if last else None,
        stale=stale_feeds(tx, ctx),
        silence=silence_on(tx, ctx, row.name),
    )


def _reference(
    tx: Tx, ctx: Context, line: CiLine, last: tuple[Verdict, ...]
) -> tuple[str | None, Rate | None]:
    if not last:
        return None, None
    names = {one.id: one.name for one in ci_rows(tx)}
    project = last[0].project
    home = {} if ctx.configured_reference(project) else cis_on(tx, ctx, project)
    reference = reference_on(ctx, project, home, names)
    if reference is None or reference == line.name:
        return None, None
    ids = [ci for ci, name in names.items() if name == reference]
    health = health_of(tx, ids[0]) if ids else []
    return reference, success_rate(read_signals(health[0].signals)) if health else None
