"""How one CI is: the question that is asked most."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.model import State
from cibot.reports.ci import meant
from cibot.reports.context import STALE_AFTER, Context
from cibot.reports.failures import JobShare, Passed, Verdict, lately, verdicts
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.incidents import open_by_ci
from cibot.reports.listing import CiLine, ci_line
from cibot.reports.project import cis_on, reference_on
from cibot.reports.signals import Rate, read_success
from cibot.reports.silences import Muted, silence_on
from cibot.store.engine import Tx
from cibot.store.incidents import health_of
from cibot.store.queries_ci import ci_names
from cibot.store.queries_status import Glance, glance


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
    rows = ci_names(tx)
    row = meant(rows, name)
    ids, names = {one.name: one.id for one in rows}, {one.id: one.name for one in rows}
    references = {ids[one.ci] for one in ctx.config.reference if one.ci in ids} - {row.id}
    seen = glance(tx, row.id, references, ctx.now, ctx.now - STALE_AFTER)
    incidents = open_by_ci(tx, ctx, row.id, names).get(row.id, ()) if seen.incidents else ()
    heard_at = seen.last.posted_at if seen.last else None
    line = ci_line(ctx, row, seen.health, heard_at, incidents)
    bad = line.state in {State.FAILING, State.DEGRADED}
    passed, job = lately(tx, row.id, line.since) if bad else (None, None)
    reference, rate = _reference(tx, ctx, line, seen, names)
    return Status(
        ci=line,
        reference=reference,
        reference_rate=rate,
        passed_since=passed,
        worst_job=job,
        last=_last(tx, seen),
        stale=stale_feeds(tx, ctx) if seen.stale else (),
        silence=silence_on(tx, ctx, row.name) if seen.silences else None,
    )


def _last(tx: Tx, seen: Glance) -> Verdict | None:
    if seen.last is None:
        return None
    urls = {seen.last.change_id >> 32: seen.server} if seen.server else {}
    return verdicts(tx, [seen.last], urls)[0]


def _reference(
    tx: Tx, ctx: Context, line: CiLine, seen: Glance, names: dict[int, str]
) -> tuple[str | None, Rate | None]:
    if seen.last is None:
        return None, None
    project = seen.last.project
    home = {} if ctx.configured_reference(project) else cis_on(tx, ctx, project)
    reference = reference_on(ctx, project, home, names)
    if reference is None or reference == line.name:
        return None, None
    ci_id = next((ci for ci, name in names.items() if name == reference), None)
    if ci_id is None:
        return reference, None
    health = seen.others.get(ci_id) or next(iter(health_of(tx, ci_id)), None)
    return reference, read_success(health.signals) if health else None
