"""How one CI is: the question that is asked most."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.errors import UserError
from cibot.health.references import configured_name
from cibot.model import State
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.failures import JobShare, Passed, Verdict, lately, verdicts
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.incidents import open_by_ci
from cibot.reports.listing import CiLine, ci_line
from cibot.reports.names import as_stored
from cibot.reports.signals import Rate, read_success
from cibot.reports.silences import Muted, silence_on
from cibot.store.cis import ci_names
from cibot.store.engine import Tx
from cibot.store.incidents import health_of
from cibot.store.status import Glance, glance
from cibot.text.figures import cut


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
    seen = _glance(tx, ctx, as_stored(name))
    if seen is None:  # then less than the whole name was given, as people do
        seen = _glance(tx, ctx, find_ci(tx, name).name)
    if seen is None:
        raise UserError(f"No CI is called {cut(name, 40)!r} any more.")
    row = seen.ci
    names = {row.id: row.name}
    incidents = open_by_ci(tx, ctx, row.id, names).get(row.id, ()) if seen.incidents else ()
    heard_at = seen.last.posted_at if seen.last else None
    line = ci_line(ctx, row, seen.health, heard_at, incidents)
    bad = line.state in {State.FAILING, State.DEGRADED}
    passed, job = lately(tx, row.id, line.since) if bad else (None, None)
    reference, rate = _reference(tx, ctx, line, seen)
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


def _glance(tx: Tx, ctx: Context, name: str) -> Glance | None:
    references = {entry.ci for entry in ctx.config.reference}
    return glance(tx, name, references, ctx.now, ctx.now - ctx.config.judgement.feed_stale)


def _last(tx: Tx, seen: Glance) -> Verdict | None:
    if seen.last is None:
        return None
    urls = {seen.last.change_id >> 32: seen.server} if seen.server else {}
    return verdicts(tx, [seen.last], urls)[0]


def _reference(tx: Tx, ctx: Context, line: CiLine, seen: Glance) -> tuple[str | None, Rate | None]:
    """The reference on its main project, and how much that passes."""
    if seen.project is None:
        return None, None
    reference = configured_name(ctx.configured_references, seen.project)
    if reference is None and seen.guessed_reference is not None:
        reference = dict(ci_names(tx)).get(seen.guessed_reference)
    if reference is None or reference == line.name:
        return None, None
    health = seen.others.get(reference)
    if health is None and seen.guessed_reference is not None:
        health = next(iter(health_of(tx, seen.guessed_reference)), None)
    return reference, read_success(health.signals) if health else None
