"""Rows of watches: who asked to hear of a CI in private, and where that reaches them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, upsert, values_of


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """One CI that one person watches.

    ``account`` is who the network vouches for; ``room`` is where a private
    message reaches them: the nick last seen on IRC, the user id on Slack.
    """

    network: str
    account: str
    ci_id: int
    room: str
    since: datetime


_FIELDS = columns(StoredWatch, schema.watch)


def put_watch(tx: Tx, watch: StoredWatch) -> None:
    """Stores a watch; one that is there already gets the new room."""
    upsert(tx, schema.watch, [values_of(watch)], ("room",))


def drop_watch(tx: Tx, network: str, account: str, ci_id: int | None = None) -> int:
    """Ends a person's watch of a CI, or all of theirs; returns how many."""
    table = schema.watch
    query = delete(table).where(table.c.network == network, table.c.account == account)
    if ci_id is not None:
        query = query.where(table.c.ci_id == ci_id)
    return tx.execute(query).rowcount


def watches_of(tx: Tx, network: str, account: str) -> list[StoredWatch]:
    """What a person watches, the oldest first."""
    table = schema.watch.c
    query = (
        select(*_FIELDS)
        .where(table.network == network, table.account == account)
        .order_by(table.since, table.ci_id)
    )
    return [StoredWatch(*row) for row in tx.execute(query)]


def watchers_of(tx: Tx, ci_id: int) -> list[StoredWatch]:
    """Who watches a CI, in the order they began."""
    table = schema.watch.c
    query = select(*_FIELDS).where(table.ci_id == ci_id).order_by(table.since, table.account)
    return [StoredWatch(*row) for row in tx.execute(query)]


def seen_in(tx: Tx, network: str, account: str, room: str) -> int:
    """Notes where a person is reached from now on; returns how many watches moved."""
    table = schema.watch
    moved = tx.execute(
        update(table)
        .where(table.c.network == network, table.c.account == account, table.c.room != room)
        .values(room=room)
    )
    return moved.rowcount
