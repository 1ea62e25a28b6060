"""Rows of the outbox: what is to be said, and what became of it.

A row is written in the transaction that decides it. Before a send it is
claimed (``sending``, one attempt more, a lease); after, it is ``sent`` with
the network's id. A row that is ``sending`` with its lease over was left by a
crash: the message may or may not be out. ``dead`` means that a person must act
first, ``dropped`` that one gave it up, ``folded`` that a digest tells of it,
``held`` that it waits for the end of quiet hours (`cibot.store.held`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update

from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx

_OPEN = ("pending", "sending", "dead", "held")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in the outbox. ``attempts`` counts this one; ``doubtful`` follows a crash."""

    id: int
    key: str
    network: str
    room: str
    card: str
    attempts: int
    created_at: datetime
    doubtful: bool


def enqueue(tx: Tx, key: str, network: str, room: str, card: str, now: datetime) -> None:
    """Adds a message, once: a key that is there already changes nothing."""
    _add(tx, key, network, room, card, now, now, "pending")


def _add(
    tx: Tx,
    key: str,
    network: str,
    room: str,
    card: str,
    now: datetime,
    due: datetime,
    state: str,
) -> None:
    row = {
        "dedupe_key": key,
        "network": network,
        "room": room,
        "card": card,
        "state": state,
        "attempts": 0,
        "created_at": now,
        "not_before": due,
    }
    upsert(tx, schema.outbox, [row])


def fold(tx: Tx, key: str, network: str, room: str, card: str, now: datetime) -> None:
    """Adds a message that a digest tells of: kept, never sent itself."""
    _add(tx, key, network, room, card, now, now, "folded")


def hold(
    tx: Tx, key: str, network: str, room: str, card: str, now: datetime, until: datetime
) -> None:
    """Adds a message that waits for the end of quiet hours: never sent itself."""
    _add(tx, key, network, room, card, now, until, "held")


def put_digest(
    tx: Tx, key: str, network: str, room: str, card: str, now: datetime, due: datetime
) -> bool:
    """Adds a message for later, or puts a new text into it; False when it does not wait."""
    _add(tx, key, network, room, card, now, due, "pending")
    table = schema.outbox
    waits = (table.c.dedupe_key == key, table.c.state == "pending", table.c.attempts == 0)
    return tx.execute(update(table).where(*waits).values(card=card)).rowcount == 1


def said_since(tx: Tx, network: str, room: str, since: datetime) -> list[tuple[str, str]]:
    """State and card of each message that was added for a room since then, oldest first."""
    table = schema.outbox.c
    query = (
        select(table.state, table.card)
        .where(table.network == network, table.room == room, table.created_at >= since)
        .order_by(table.created_at, table.id)
    )
    return [(row.state, row.card) for row in tx.execute(query)]


def claim(
    tx: Tx, network: str, now: datetime, lease_until: datetime, skip_rooms: frozenset[str]
) -> Outgoing | None:
    """Takes the oldest message of a network that is due, in its room's order, or None.

    A room whose oldest open message has to wait is passed over whole, so that
    what follows does not overtake it.
    """
    table = schema.outbox
    heads = (
        select(func.min(table.c.id))
        .where(table.c.network == network, table.c.state.in_(("pending", "sending")))
        .group_by(table.c.room)
    )
    query = select(table).where(table.c.id.in_(heads)).order_by(table.c.id)
    for row in tx.execute(query).all():
        if row.room in skip_rooms or row.not_before > now:
            continue
        if row.state == "sending" and row.lease_until is not None and row.lease_until > now:
            continue
        taken = tx.execute(
            update(table)
            .where(table.c.id == row.id, table.c.attempts == row.attempts)
            .where(table.c.state == row.state)
            .values(state="sending", attempts=row.attempts + 1, lease_until=lease_until)
        )
        if taken.rowcount == 1:
            return Outgoing(
                row.id,
                row.dedupe_key,
                row.network,
                row.room,
                row.card,
                row.attempts + 1,
                row.created_at,
                row.state == "sending",
            )
    return None


def mark_sent(tx: Tx, outgoing: Outgoing, remote_id: str, now: datetime) -> bool:
    """Notes that the network has the message; False when another sender took it over."""
    return settle(tx, outgoing, state="sent", remote_id=remote_id[:255], sent_at=now, error=None)


def mark_later(tx: Tx, outgoing: Outgoing, not_before: datetime, error: str) -> bool:
    """Puts a message back until ``not_before``, after a passing failure."""
    return settle(tx, outgoing, state="pending", not_before=not_before, error=error[:2000])


def mark_unsure(tx: Tx, outgoing: Outgoing, not_before: datetime, error: str) -> bool:
    """Leaves a message open that may be out already; it is looked for before it is sent again."""
    return settle(
        tx,
        outgoing,
        state="sending",
        not_before=not_before,
        lease_until=not_before,
        error=error[:2000],
    )


def mark_dead(tx: Tx, outgoing: Outgoing, again: datetime, error: str) -> bool:
    """Gives a message up: a person must act first; ``again`` is when to see whether one has."""
    return settle(tx, outgoing, state="dead", not_before=again, error=error[:2000])


def settle(tx: Tx, outgoing: Outgoing, **values: object) -> bool:
    """Ends a claim with these values; False when another sender took the message over."""
    table = schema.outbox
    done = tx.execute(
        update(table)
        .where(table.c.id == outgoing.id, table.c.attempts == outgoing.attempts)
        .where(table.c.state == "sending")
        .values(**{"lease_until": None} | values)
    )
    return done.rowcount == 1


def hurry(tx: Tx, network: str, now: datetime) -> int:
    """Makes what was put back due now, since its network is there again; returns how many."""
    table = schema.outbox
    query = update(table).where(
        table.c.state.in_(("pending", "sending")),
        table.c.network == network,
        table.c.not_before > now,  # what is under way, or was left by a crash, was due before
    )
    return tx.execute(query.values(not_before=now, lease_until=now)).rowcount


def release_leases(tx: Tx, until: datetime) -> int:
    """Shortens every lease to ``until``, when its holder is known to be dead; returns how many."""
    table = schema.outbox
    left = (table.c.state == "sending", table.c.lease_until > until)
    return tx.execute(update(table).where(*left).values(lease_until=until)).rowcount


def depth(tx: Tx) -> dict[str, int]:
    """How many messages are in each state but ``sent``."""
    table = schema.outbox.c
    unsent = ("pending", "sending", "dead")  # named, so that the sent ones are not read
    query = select(table.state, func.count()).where(table.state.in_(unsent)).group_by(table.state)
    return {row[0]: row[1] for row in tx.execute(query)}


def has(tx: Tx, key: str) -> bool:
    """Whether a message with this dedupe key was ever added."""
    table = schema.outbox.c
    return tx.execute(select(table.id).where(table.dedupe_key == key)).scalar() is not None


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as `cibot outbox` shows it; ``error`` is why it is not out."""

    id: int
    key: str
    network: str
    room: str
    card: str
    state: str
    attempts: int
    created_at: datetime
    not_before: datetime
    error: str | None


def listed(tx: Tx, states: Sequence[str] = _OPEN, limit: int = 100) -> list[Listed]:
    """Messages in these states, newest first."""
    table = schema.outbox.c
    names = [name if name != "key" else "dedupe_key" for name in Listed.__slots__]
    query = (
        select(*(table[name] for name in names))
        .where(table.state.in_(states))
        .order_by(table.id.desc())
        .limit(limit)
    )
    return [Listed(*row) for row in tx.execute(query)]


def retry(tx: Tx, now: datetime, message_id: int | None = None) -> int:
    """Makes dead messages, or those that wait, due now; returns how many.

    What is just being sent is left alone; what waits for the end of quiet hours
    is told at once only where ``message_id`` names it.
    """
    table = schema.outbox
    waits = or_(table.c.state == "dead", table.c.not_before > now)
    states = ("dead", "pending") if message_id is None else ("dead", "pending", "held")
    query = update(table).where(table.c.state.in_(states), waits)
    if message_id is not None:
        query = query.where(table.c.id == message_id)
    return tx.execute(query.values(state="pending", not_before=now)).rowcount


def drop(tx: Tx, message_id: int) -> bool:
    """Gives up a message for good, unless it is out or just being sent."""
    table = schema.outbox
    done = tx.execute(
        update(table)
        .where(table.c.id == message_id, table.c.state.in_(("pending", "dead", "held")))
        .values(state="dropped")
    )
    return done.rowcount == 1
