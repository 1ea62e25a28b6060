"""How one CI is: the question that is asked most."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.errors import UserError
from cibot.model import Silence, State
from cibot.reports.ci import CiLine, branch_name, ci_line, find_ci, on_branch
from cibot.reports.context import Context
from cibot.reports.failures import (
    JobShare,
    Lately,
    Passed,
    Verdict,
    lately,
    passed_on,
    verdicts,
)
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.home_projects import reference_on
from cibot.reports.incidents import read_incidents
from cibot.reports.silences import silence_on
from cibot.store.engine import Tx
from cibot.store.status import glance
from cibot.text.figures import cut


@dataclass(frozen=True, slots=True)
class Status:
    """One CI. ``passed_since`` counts from the moment it came into its state.

    ``reference`` is the CI that it is measured against, None where there is none or it is
    that one itself; ``reference_passed`` is of those of the same patch sets that it judged.
    ``last`` is its last report of any kind, ``silence`` what mutes its alerts now. Where one
    branch was asked about, what is not known of that alone is None.
    """

    ci: CiLine
    reference: str | None
    reference_passed: Passed | None
    passed_since: Passed | None
    worst_job: JobShare | None
    last: Verdict | None
    stale: tuple[ServerFeeds, ...]
    silence: Silence | None = None


def status(tx: Tx, ctx: Context, name: str, branch: str | None = None) -> Status:
    """The state of the CI that ``name`` means, or its state on a branch.

    Raises UserError, asking back, when no CI or no branch is meant.
    """
    fresh = ctx.now - ctx.config.judgement.feed_stale
    whole = " ".join(name.split()).encode(errors="ignore").decode()  # no halves of characters
    seen = glance(tx, whole, ctx.now, fresh)
    if seen is None:  # then less than the whole name was given, as people do
        seen = glance(tx, find_ci(tx, name).name, ctx.now, fresh)
    if seen is None:
        raise UserError(f"No CI is called {cut(name, 40)!r} any more.")
    row = seen.ci
    rows = [seen.incident] if seen.incident else []
    incidents = read_incidents(tx, ctx, rows, {row.id: row.name}, seen.namesakes)
    heard_at = seen.last.posted_at if seen.last else None
    line = ci_line(ctx, row, seen.health, heard_at, incidents, seen.retired_at)
    if branch is not None:
        line = on_branch(ctx, line, branch)
    uncounted = ctx.config.judgement.uncounted
    bad = line.branch is None and line.state in {State.FAILING, State.DEGRADED}
    recent = lately(tx, row.id, line.since, uncounted) if bad else Lately(None, None)
    reference = None
    if seen.project is not None:
        reference = reference_on(tx, ctx, seen.project, branch=branch_name(line))
    if reference is not None and reference.id == row.id:
        reference = None  # nothing is measured against itself
    last = next(iter(verdicts(tx, [seen.last] if seen.last and not line.branch else ())), None)
    return Status(
        ci=line,
        reference=reference.name if reference else None,
        reference_passed=passed_on(tx, reference.id, recent.patch_sets, uncounted)
        if reference and recent.patch_sets
        else None,
        passed_since=recent.passed,
        worst_job=recent.worst_job,
        last=last,
        stale=stale_feeds(tx, ctx) if seen.stale else (),
        silence=silence_on(tx, ctx, row.name) if seen.silences else None,
    )
