"""The page of comments that no format recognised, by shape."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cibot.reports.context import Context
from cibot.reports.unparsed import Unparsed, unparsed
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.web.api.question import CiName, Params

WINDOW = timedelta(days=7)
_EACH, _CHARACTERS = 200, 4_000  # comments of a CI and what is read of one
_KEPT_FOR = timedelta(minutes=5)


class UnparsedFilter(Params):
    """Whose comments; of all CIs by default."""

    ci: CiName | None = None


def unparsed_page(tx: Tx, ctx: Context, params: UnparsedFilter) -> dict[str, Any]:
    """The comments of seven days that were not understood. Raises UserError for an unknown CI."""

    def ask() -> Unparsed:
        since = ctx.now - WINDOW
        return unparsed(tx, since, params.ci, each=_EACH, characters=_CHARACTERS)

    # Without a CI, a week of every CI is read: slow, and the same for everybody.
    comments = ask() if params.ci else ctx.remembered("unparsed", _KEPT_FOR, ask)
    names = [ci.name for ci in all_cis(tx)]
    return {"unparsed": comments, "cis": names, "chosen": params.ci}
