"""The page that compares two CIs."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from cibot.errors import UserError
from cibot.reports.ci import branch_name
from cibot.reports.compare import Comparison, compare
from cibot.reports.context import Context
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


def compare_page(tx: Tx, ctx: Context, params: CompareParams) -> dict[str, Any]:
    """Two CIs, where two are meant; ``mistake`` says why they are not. ``names`` are all CIs'."""
    comparison, mistake = None, None
    if params.first is not None and params.second is not None:
        try:
            comparison = compare(
                tx, ctx, params.first, params.second, _EXAMPLES, branch=params.branch
            )
        except UserError as error:
            mistake = str(error)
    both = comparison and (comparison.first.name, comparison.second.name)
    return {
        "names": [ci.name for ci in all_cis(tx)],
        "chosen": both or (params.first, params.second),
        "comparison": comparison,
        "mistake": mistake,
        "chart": _chart(tx, ctx, comparison) if comparison else None,
    }


def _chart(tx: Tx, ctx: Context, comparison: Comparison) -> Markup | None:
    """A month of both; None where neither ran."""
    first, second = comparison.first, comparison.second
    days = days_on(tx, ctx, {first.id, second.id}, branch_name(first))
    own, others = days.get(first.id, ()), days.get(second.id, ())
    if not own or all(day.share is None for day in (*own, *others)):
        return None
    return history_chart(own, others, (), chart_in_words(first.name, own, second.name, others))
