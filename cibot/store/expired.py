"""Rows of the outbox that could not be said for long: laid aside, tried again, counted.

A row that is ``late`` is kept; a digest tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, update

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.outbox import Outgoing, put_digest, settle

_DIGEST = "late:"
_OFTEN = 10  # tries; the fault is likely to be in the message, not in the room
Written = Sequence[tuple[datetime, str]]
"""When each message was added, and its card."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What a network could not be told: messages that wait after a failure, and given up ones.

    ``error`` is of the newest one.
    """

    network: str
    waiting: int
    dead: int
    error: str


def messages_of(tx: Tx, outgoing: Outgoing, prefix: str) -> list[tuple[int, str, str]]:
    """Id, key and state of the room's messages whose key begins so, oldest first."""
    table = schema.outbox.c
    query = (
        select(table.id, table.dedupe_key, table.state)
        .where(table.dedupe_key >= prefix, table.dedupe_key < prefix + "\uffff")
        .where(table.network == outgoing.network, table.room == outgoing.room)
        .order_by(table.id)
    )
    return [(row.id, row.dedupe_key, row.state) for row in tx.execute(query)]


def lay_aside(
    tx: Tx, outgoing: Outgoing, now: datetime, digest: Callable[[Written], str], prefix: str
) -> bool:
    """Takes a claimed message out of the queue and puts it into the room's digest, which waits.

    With it go earlier given up ones of the room whose key begins with ``prefix``. False where
    another sender took it over.
    """
    if not settle(tx, outgoing, state="late"):
        return False
    table = schema.outbox.c
    found = messages_of(tx, outgoing, prefix)
    dead = [row_id for row_id, _key, state in found if state == "dead" and row_id < outgoing.id]
    if dead:
        tx.execute(update(schema.outbox).where(table.id.in_(dead)).values(state="late"))
    here = (table.network == outgoing.network, table.room == outgoing.room)
    query = (
        select(table.dedupe_key)
        .where(*here, table.state == "pending", table.attempts == 0)
        .where(table.dedupe_key >= _DIGEST, table.dedupe_key < _DIGEST + "\uffff")
        .order_by(table.id.desc())
    )
    key = tx.execute(query.limit(1)).scalar() or f"{_DIGEST}{min([outgoing.id, *dead])}"
    first = int(key.removeprefix(_DIGEST))
    rows = tx.execute(
        select(table.created_at, table.card)
        .where(*here, table.state == "late", table.id >= first)
        .order_by(table.id)
    )
    card = digest([(row.created_at, row.card) for row in rows])
    return put_digest(tx, key, outgoing.network, outgoing.room, card, now, now)


def postpone(tx: Tx, outgoing: Outgoing, until: datetime) -> None:
    """After a message was given up: the room's other given up ones are not tried before then."""
    table = schema.outbox
    dead = (table.c.state == "dead", table.c.network == outgoing.network)
    others = (table.c.room == outgoing.room, table.c.id != outgoing.id)
    tx.execute(
        update(table).where(*dead, *others, table.c.not_before < until).values(not_before=until)
    )


def revive(tx: Tx, network: str, since: datetime, now: datetime, room: str | None = None) -> int:
    """Makes given up messages due again that were added since then; returns how many.

    All of ``room`` that were not tried often, or the one of the network whose time came first.
    """
    table = schema.outbox
    query = select(table.c.id).where(
        table.c.state == "dead", table.c.network == network, table.c.created_at >= since,
        ~table.c.dedupe_key.startswith("dead:"), ~table.c.dedupe_key.startswith("watch:"),
    )  # fmt: skip
    if room is None:
        query = query.where(table.c.not_before <= now).order_by(table.c.not_before, table.c.id)
        query = query.limit(1)
    else:
        query = query.where(table.c.room == room, table.c.attempts < _OFTEN)
    ids = list(tx.execute(query).scalars())
    if not ids:
        return 0
    again = update(table).where(table.c.id.in_(ids), table.c.state == "dead")
    return tx.execute(again.values(state="pending", not_before=now)).rowcount


def undelivered(tx: Tx) -> list[Undelivered]:
    """Each network with messages that failed and are not out, by name."""
    table = schema.outbox.c
    unsent = and_(table.state.in_(("pending", "sending", "dead")), table.error.is_not(None))
    query = (
        select(table.network, table.state, func.count(), func.max(table.id))
        .where(unsent)
        .group_by(table.network, table.state)
    )
    rows = tx.execute(query).all()
    newest = [row[3] for row in rows]
    errors = {
        row.id: row.error
        for row in tx.execute(select(table.id, table.error).where(table.id.in_(newest)))
    }
    found = []
    for network in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == network]
        dead = sum(row[2] for row in mine if row[1] == "dead")
        waiting = sum(row[2] for row in mine) - dead
        last = max(row[3] for row in mine)
        found.append(Undelivered(network, waiting, dead, errors.get(last) or ""))
    return found
