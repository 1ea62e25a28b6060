"""Which CIs somebody hears of in private."""

from __future__ import annotations

from cibot.store.cis import ci_rows
from cibot.store.engine import Tx
from cibot.store.watches import watches_of


def watched_by(tx: Tx, network: str, account: str) -> tuple[str, ...]:
    """The names of the CIs that an account watches, in the order of the alphabet."""
    names = {one.id: one.name for one in ci_rows(tx)}
    found = {names[one.ci_id] for one in watches_of(tx, network, account) if one.ci_id in names}
    return tuple(sorted(found, key=str.casefold))
