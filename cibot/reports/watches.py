"""Which CIs somebody hears of in private."""

from __future__ import annotations

from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.store.watches import watches_of


def watched_by(tx: Tx, network: str, account: str) -> tuple[str, ...]:
    """The names of the CIs that an account watches, in the order of the alphabet."""
    names = {ci.id: ci.name for ci in all_cis(tx)}
    watched = {
        names[watch.ci_id] for watch in watches_of(tx, network, account) if watch.ci_id in names
    }
    return tuple(sorted(watched, key=str.casefold))
