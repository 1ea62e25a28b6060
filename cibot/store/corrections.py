"""Corrects changes of one number, of renamed projects, and those with wrong events."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, update

from cibot.model import Change
from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, rows_in

_IDS = 20  # messages by which a change is known again
_MERGED = "MERGED"


class StoredChange(NamedTuple):
    """What may have to be put right of a stored change."""

    id: int
    project: str
    number: int
    status: str
    updated_at: datetime
    closed_at: datetime | None
    unconfirmed_since: datetime | None


def changes_of_numbers(tx: Tx, server_id: int, numbers: Collection[int]) -> list[StoredChange]:
    """A server's stored changes of these numbers, of any project."""
    table = schema.change.c
    query = select(*columns(StoredChange, schema.change)).where(table.server_id == server_id)
    return [StoredChange._make(row) for row in rows_in(tx, query, table.number, numbers)]


def is_same_change(tx: Tx, row_id: int, change: Change) -> bool:
    """Whether a stored change has a message of this one: message ids never change."""
    table = schema.comment.c
    ids = [message.message_id for message in change.messages[:_IDS] if message.message_id]
    query = select(table.seq).where(table.change_id == row_id, table.message_id.in_(ids))
    return bool(ids) and tx.execute(query.limit(1)).scalar() is not None


def move_change(tx: Tx, row_id: int, project: str) -> None:
    """Its project is called so now."""
    table = schema.change
    tx.execute(update(table).where(table.c.id == row_id).values(project=project[:255]))


def put_right(tx: Tx, stored: StoredChange, change: Change, now: datetime) -> bool:
    """Gives a stored change REST's state, and the patch sets that REST knows; whether it differed.

    Judging hears of it as of something late.
    """
    table, patch_set = schema.change, schema.patch_set
    closed = change.closed
    if stored.status == change.status != _MERGED and closed is not None:
        closed = min(closed, stored.closed_at or closed)  # a later comment does not move the end
    before = (stored.status, stored.closed_at)
    differs = before != (change.status, closed) or stored.updated_at > change.updated
    if differs:
        values = {"status": change.status[:16], "updated_at": change.updated, "closed_at": closed}
        if stored.closed_at != closed:
            values["closed_heard_at"] = now
        tx.execute(update(table).where(table.c.id == stored.id).values(**values))
    last = max((patch_set.number for patch_set in change.patch_sets), default=0)
    mine = patch_set.c.change_id == stored.id
    made_up = tx.execute(delete(patch_set).where(mine, patch_set.c.number > last)).rowcount
    if made_up:  # the last true one did not end when it seemed to
        tx.execute(update(patch_set).where(mine, patch_set.c.number == last).values(heard_at=now))
    return differs or made_up > 0
