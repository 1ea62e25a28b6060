"""Why a CI is in its state: each signal with its figure, what it rests on, and how it
stands beside others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cibot.health.signal import Signal
from cibot.model import Result
from cibot.reports.ci import CiLine, branch_name, find_ci, line_of
from cibot.reports.compare import paired
from cibot.reports.context import Context
from cibot.reports.failures import Verdict, failures
from cibot.reports.home_projects import cis_on, home_of
from cibot.reports.incidents import onset_of_ci
from cibot.reports.listing import all_lines
from cibot.reports.onset import Onset
from cibot.store.engine import Tx

_LOOK_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Why:
    """The signals of a CI, worst first, and its last failures as evidence, newest first.

    ``standing`` compares it with the other CIs of its main project, ``onset`` is how what
    is wrong with its results began. Of one branch signals and both are left out: they speak of
    the whole CI.
    """

    ci: CiLine
    signals: tuple[Signal, ...]
    failures: tuple[Verdict, ...]
    standing: Standing | None = None
    onset: Onset | None = None


def why(tx: Tx, ctx: Context, name: str, limit: int = 10, *, branch: str | None = None) -> Why:
    """The reasons behind the state of the CI that ``name`` means, or its state on a branch.

    Raises UserError, asking back, when no CI or no branch is meant.
    """
    row = find_ci(tx, name)
    line = line_of(tx, ctx, row, branch)
    if branch is not None:
        since, there = ctx.now - _LOOK_BACK, branch_name(line)
        return Why(line, (), failures(tx, row.id, since, limit, branch=there))
    since = min(line.since or ctx.now, ctx.now - _LOOK_BACK)
    signals = tuple(
        sorted(line.signals, key=lambda signal: (not signal.counts, signal.verdict.rank))
    )
    last = failures(tx, row.id, since, limit)
    onset = onset_of_ci(tx, ctx, row.id) if line.incidents else None
    return Why(line, signals, last, standing(tx, ctx, line), onset)


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
