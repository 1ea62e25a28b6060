"""Two CIs on the patch sets that both judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from cibot.errors import UserError
from cibot.health.facts import counts
from cibot.health.inputs import COUNTED
from cibot.model import Result
from cibot.reports.ci import CiLine, branch_name, find_ci, line_of
from cibot.reports.context import Context
from cibot.reports.failures import Verdict, latest_attempts, verdicts
from cibot.reports.signals import Rate, rate_of
from cibot.store.cis import HeardReport, latest_reports
from cibot.store.engine import Tx

WINDOW = timedelta(days=7)
_MOST = 2000  # reports of each that are looked at


@dataclass(frozen=True, slots=True)
class Comparison:
    """Patch sets of seven days that both judged, by the last word of each.

    ``examples`` are reports of ``first`` where the two differ, newest first.
    """

    first: CiLine
    second: CiLine
    both_passed: int
    both_failed: int
    only_first_failed: int
    only_second_failed: int
    examples: tuple[Verdict, ...]

    @property
    def pairs(self) -> int:
        """How many patch sets both judged."""
        agreed = self.both_passed + self.both_failed
        return agreed + self.only_first_failed + self.only_second_failed

    @property
    def agreement(self) -> Rate | None:
        """The share on which they agree, with its interval; None without a pair."""
        agreed = self.both_passed + self.both_failed
        return rate_of(agreed, self.pairs)


def compare(
    tx: Tx,
    ctx: Context,
    first: str,
    second: str,
    examples: int = 5,
    *,
    branch: str | None = None,
) -> Comparison:
    """Both on the patch sets that both judged, or on those of a branch.

    Raises UserError when they are not two CIs, or not both at home on a branch that is meant.
    """
    row, other = find_ci(tx, first), find_ci(tx, second)
    if row.id == other.id:
        raise UserError(f"Both names mean {row.name}; name two CIs.")
    line = line_of(tx, ctx, row, branch)
    there = branch_name(line)
    other_line = line_of(tx, ctx, other, there)
    pairs = list(paired(tx, ctx, row.id, other.id, there))
    counts = Counter((mine, theirs) for _report, mine, theirs in pairs)
    differ = [report for report, mine, theirs in pairs if mine is not theirs]
    return Comparison(
        line,
        other_line,
        counts[Result.PASS, Result.PASS],
        counts[Result.FAIL, Result.FAIL],
        counts[Result.FAIL, Result.PASS],
        counts[Result.PASS, Result.FAIL],
        verdicts(tx, differ[:examples]),
    )


def paired(
    tx: Tx, ctx: Context, ci_id: int, other_id: int, branch: str | None = None
) -> Iterator[tuple[HeardReport, Result, Result]]:
    """The patch sets that both CIs judged, newest first: a report of the first, both verdicts."""
    mine, theirs = (_last_words(tx, ctx, ci, branch) for ci in (ci_id, other_id))
    for key, reports in mine.items():
        if key in theirs:
            yield reports[0], _verdict(reports), _verdict(theirs[key])


def _last_words(
    tx: Tx, ctx: Context, ci_id: int, branch: str | None
) -> dict[tuple[int, int | None], list[HeardReport]]:
    """A CI's last words on each patch set, or on those of a branch, newest patch set first."""
    since, uncounted = ctx.now - WINDOW, ctx.config.judgement.uncounted
    reports = latest_reports(tx, ci_id, since=since, judging=True, limit=_MOST, branch=branch)
    words: dict[tuple[int, int | None], list[HeardReport]] = {}
    for report in latest_attempts(reports):
        if report.result in COUNTED and counts(report.pipeline, uncounted):
            words.setdefault((report.change_id, report.patch_set), []).append(report)
    return words


def _verdict(reports: Iterable[HeardReport]) -> Result:
    """A CI fails a patch set when one of its pipelines does."""
    failed = any(report.result == Result.FAIL for report in reports)
    return Result.FAIL if failed else Result.PASS
