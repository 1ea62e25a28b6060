"""How one CI is, the most frequent question; why it is so, and how it compares with others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cibot.errors import UserError
from cibot.model import Result, Silence, State
from cibot.reports.ci import CiLine, branch_name, ci_line, find_ci, line_named, on_branch
from cibot.reports.compare import paired
from cibot.reports.context import Context, same_fields
from cibot.reports.failures import (
    JobShare,
    Verdict,
    failures,
    verdicts,
    worst_job,
)
from cibot.reports.feeds import stale_feeds
from cibot.reports.home_projects import cis_on, home_of, reference_on
from cibot.reports.incidents import onset_of_ci, read_incidents
from cibot.reports.listing import all_lines
from cibot.reports.onset import Onset
from cibot.reports.silences import silence_on
from cibot.store.engine import Tx
from cibot.store.status import glance
from cibot.text.figures import cut

_LOOK_BACK = timedelta(days=7)
_FEWEST = 10  # results: with fewer a CI has no rank


@dataclass(frozen=True, slots=True)
class Standing:
    """The rank by pass rate of ``of`` CIs on ``project``, 1 is the best; with at least 10 results.

    ``rank`` is None where it has fewer. ``passed`` and ``reference_passed`` are of the
    ``n`` patch sets of seven days that both judged; None without any, or a reference.
    """

    project: str
    rank: int | None
    of: int
    reference: str | None
    n: int
    passed: int | None
    reference_passed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CiItem(CiLine):
    """One CI of a list. ``reference`` is the CI it is measured against.

    ``seen`` is what the worst signal saw, null where none is bad; ``reason`` why the pass rate
    means what it means, null where it is well.
    With ``branch`` state, rate and time are those of that branch.
    """

    projects: tuple[str, ...] = ()
    reference: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CiDetail(CiItem):
    """One CI: signals worst first, last failures newest first, contact, active silence.

    ``worst_job`` is the job that fails most in its last failures since it came into its state,
    ``last`` its last report of any kind. ``standing`` compares it with the other CIs of its main
    project, ``onset`` says how the trouble with its results began, and ``branches`` lists its
    home branches. Signals, standing and onset are empty when one branch is asked for, and what
    is not known of that alone is null.
    """

    worst_job: JobShare | None = None
    last: Verdict | None = None
    failures: tuple[Verdict, ...] = ()
    contact: str | None = None
    wiki: str | None = None
    recheck: str | None = None
    stale: tuple[str, ...] = ()
    silence: Silence | None = None
    standing: Standing | None = None
    onset: Onset | None = None


def status(tx: Tx, ctx: Context, name: str, branch: str | None = None) -> CiDetail:
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
    bad = line.branch is None and line.state in {State.FAILING, State.DEGRADED}
    reference = None
    if seen.project is not None:
        reference = reference_on(tx, ctx, seen.project, branch=branch_name(line))
    if reference is not None and reference.id == row.id:
        reference = None  # nothing is measured against itself
    last = next(iter(verdicts(tx, [seen.last] if seen.last and not line.branch else ())), None)
    return CiDetail(
        **same_fields(CiLine, line),
        reference=reference.name if reference else None,
        worst_job=worst_job(tx, row.id, line.since) if bad else None,
        last=last,
        stale=tuple(feeds.server for feeds in stale_feeds(tx, ctx)) if seen.stale else (),
        silence=silence_on(tx, ctx, row.name) if seen.silences else None,
    )


def why(tx: Tx, ctx: Context, name: str, limit: int = 10, *, branch: str | None = None) -> CiDetail:
    """The reasons behind the state of the CI that ``name`` means, or its state on a branch.

    Raises UserError, asking back, when no CI or no branch is meant.
    """
    line = line_named(tx, ctx, name, branch)
    whole, since = branch is None, ctx.now - _LOOK_BACK
    by_rank = sorted(line.signals, key=lambda signal: (not signal.counts, signal.verdict.rank))
    signals = tuple(by_rank) if whole else ()
    if whole and line.since:
        since = min(line.since, since)
    return CiDetail(
        **same_fields(CiLine, line) | {"signals": signals},
        failures=failures(tx, line.id, since, limit, branch=branch_name(line)),
        standing=standing(tx, ctx, line) if whole else None,
        onset=onset_of_ci(tx, ctx, line.id)
        if whole and any(incident.of_results for incident in line.incidents)
        else None,
    )


def standing(tx: Tx, ctx: Context, ci: CiLine) -> Standing | None:
    """Where it stands; None for a CI that never judged anything."""
    home = home_of(tx, ctx, ci.id)
    if not home.projects:
        return None
    project = home.projects[0]
    lines, at_home = all_lines(tx, ctx), cis_on(tx, project)
    rates = {
        line.id: line.rate
        for line in lines
        if line.id in at_home and line.rate is not None and line.rate.n >= _FEWEST
    }
    mine = rates.get(ci.id)
    better = 0 if mine is None else sum(rate.share > mine.share for rate in rates.values())
    other = next((line for line in lines if line.name == home.reference), None)
    n, passed, theirs = (0, None, None) if other is None else _shared(tx, ctx, ci, other)
    rank = None if mine is None else better + 1
    return Standing(project, rank, len(rates), home.reference, n, passed, theirs)


def _shared(tx: Tx, ctx: Context, ci: CiLine, other: CiLine) -> tuple[int, int | None, int | None]:
    pairs = [(own, others) for _report, own, others in paired(tx, ctx, ci.id, other.id)]
    if not pairs:
        return 0, None, None
    own, others = zip(*pairs, strict=True)
    return len(pairs), own.count(Result.PASS), others.count(Result.PASS)
