"""The page that compares two CIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cibot.errors import UserError
from cibot.reports.ci import branch_name
from cibot.reports.compare import Comparison, compare
from cibot.reports.context import Context
from cibot.reports.history import Day
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.web.api.question import BranchName, CiName, Params
from cibot.web.asking import days_on
from cibot.web.charts.days import chart_in_words, history_chart

_EXAMPLES = 10


class CompareParams(Params):
    """Which two; without them the page asks."""

    first: CiName | None = None
    second: CiName | None = None
    branch: BranchName | None = None


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Two CIs, where two are meant; ``mistake`` says why they are not. ``names`` are all CIs'."""

    names: tuple[str, ...]
    chosen: tuple[str | None, str | None]
    comparison: Comparison | None
    mistake: str | None
    days: tuple[Sequence[Day], Sequence[Day]]

    @property
    def chart(self) -> Markup | None:
        """A month of both; None where neither ran."""
        own, other_days = self.days
        ran = any(day.share is not None for day in (*own, *other_days))
        if self.comparison is None or not own or not ran:
            return None
        first, second = self.comparison.first.name, self.comparison.second.name
        return history_chart(own, other_days, (), chart_in_words(first, own, second, other_days))


def compare_page(tx: Tx, ctx: Context, params: CompareParams) -> ComparePage:
    """The page; it says which name is unknown."""
    names = tuple(ci.name for ci in all_cis(tx))
    chosen = params.first, params.second
    if params.first is None or params.second is None:
        return ComparePage(names, chosen, None, None, ((), ()))
    try:
        comparison = compare(tx, ctx, params.first, params.second, _EXAMPLES, branch=params.branch)
    except UserError as error:
        return ComparePage(names, chosen, None, str(error), ((), ()))
    both = comparison.first.name, comparison.second.name
    ids = {comparison.first.id, comparison.second.id}
    days = days_on(tx, ctx, ids, branch_name(comparison.first))
    months = days.get(comparison.first.id, ()), days.get(comparison.second.id, ())
    return ComparePage(names, both, comparison, None, months)
