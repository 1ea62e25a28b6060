"""Two CIs on the patch sets that both judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from cibot.errors import UserError
from cibot.health.intervals import wilson
from cibot.model import Result
from cibot.reports.ci import find_ci, line_of
from cibot.reports.context import Context
from cibot.reports.failures import Verdict, latest_attempts, verdicts
from cibot.reports.listing import CiLine
from cibot.reports.signals import Rate
from cibot.store.cis import HeardReport, latest_reports
from cibot.store.engine import Tx

WINDOW = timedelta(days=7)
_MOST = 2000  # reports of each that are looked at
_COUNTED = {Result.PASS, Result.FAIL}


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
        return Rate(agreed, self.pairs, *wilson(agreed, self.pairs)) if self.pairs else None


def compare(tx: Tx, ctx: Context, first: str, second: str, examples: int = 5) -> Comparison:
    """Both on the patch sets that both judged; UserError when they are not two CIs."""
    one, other = find_ci(tx, first), find_ci(tx, second)
    if one.id == other.id:
        raise UserError(f"Both names mean {one.name}; name two CIs.")
    words = last_words(tx, ctx, one.id), last_words(tx, ctx, other.id)
    shared = [key for key in words[0] if key in words[1]]
    counts = Counter((verdict_on(words[0][key]), verdict_on(words[1][key])) for key in shared)
    differ = [key for key in shared if verdict_on(words[0][key]) != verdict_on(words[1][key])]
    return Comparison(
        line_of(tx, ctx, one),
        line_of(tx, ctx, other),
        counts[Result.PASS, Result.PASS],
        counts[Result.FAIL, Result.FAIL],
        counts[Result.FAIL, Result.PASS],
        counts[Result.PASS, Result.FAIL],
        verdicts(tx, [words[0][key][0] for key in differ[:examples]]),
    )


def last_words(tx: Tx, ctx: Context, ci_id: int) -> dict[tuple[int, int | None], list[HeardReport]]:
    """A CI's last words on each patch set, newest patch set first."""
    reports = latest_reports(tx, ci_id, since=ctx.now - WINDOW, judging=True, limit=_MOST)
    found: dict[tuple[int, int | None], list[HeardReport]] = {}
    for report in latest_attempts(reports):
        if report.result in _COUNTED:
            found.setdefault((report.change_id, report.patch_set), []).append(report)
    return found


def verdict_on(reports: Iterable[HeardReport]) -> Result:
    """A CI fails a patch set when one of its pipelines does."""
    failed = any(report.result == Result.FAIL for report in reports)
    return Result.FAIL if failed else Result.PASS
