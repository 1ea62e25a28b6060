"""Why a CI is in its state: each signal with its figure, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cibot.health.signal import Signal
from cibot.reports.ci import CiLine, branch_name, find_ci, line_of
from cibot.reports.context import Context
from cibot.reports.failures import Verdict, failures
from cibot.reports.incidents import onset_of_ci
from cibot.reports.onset import Onset
from cibot.reports.standing import Standing, standing
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
