"""A CI compared with others: its rank on its main project, and with the reference."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.model import Result
from cibot.reports.ci import CiLine
from cibot.reports.compare import paired
from cibot.reports.context import Context
from cibot.reports.home_projects import cis_on, home_of
from cibot.reports.listing import all_lines
from cibot.store.engine import Tx

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
