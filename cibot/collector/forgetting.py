"""Takes away what events brought since a time: for when others knew the webhook's token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cibot.store.changes import change_server, changes_unconfirmed
from cibot.store.cis import all_cis
from cibot.store.comments import known_comments
from cibot.store.engine import Store, Tx
from cibot.store.histories import first_report_of
from cibot.store.leaving import account_ids_of, exclude_accounts, forget_ci
from cibot.store.reports import withdraw_comments
from cibot.store.tally import counting


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many comments went, and which CIs, that were nothing without them."""

    comments: int
    cis: tuple[str, ...]


def forget_events(
    store: Store, server_id: int, since: datetime, clock: Callable[[], datetime]
) -> Forgotten:
    """Deletes the comments known only by events since then, with their reports.

    What REST has confirmed stays. CIs that were discovered since and have no report left go, too.
    """
    comments, after = 0, 0
    while ids := store.read(partial(changes_unconfirmed, after=after)):
        own = [row_id for row_id in ids if change_server(row_id) == server_id]
        comments += store.write(partial(_forget, own, since, clock()))
        after = ids[-1]
    return Forgotten(comments, store.write(partial(_forget_cis, since)))


def _forget(ids: Sequence[int], since: datetime, now: datetime, tx: Tx) -> int:
    keys = {
        (row.change_id, row.seq)
        for rows in known_comments(tx, ids).values()
        for row in rows
        if row.message_id is None and (row.heard_at or row.posted_at) >= since
    }
    with counting(tx) as tally:
        withdraw_comments(tx, keys, tally, now)
    return len(keys)


def _forget_cis(since: datetime, tx: Tx) -> tuple[str, ...]:
    empty = [
        row
        for row in all_cis(tx)
        if row.origin == "discovered"
        and row.created_at >= since
        and first_report_of(tx, row.id) is None
    ]
    for row in empty:
        exclude_accounts(tx, account_ids_of(tx, row.id), None)
        forget_ci(tx, row.id)
    return tuple(row.name for row in empty)
