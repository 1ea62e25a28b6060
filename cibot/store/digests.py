"""Messages of the outbox that another message, a digest, reports on.

They waited, exceeded a room's limit, or expired. ``digest_id`` points to the digest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select, update

from cibot.model import Channel
from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.outbox import (
    UNCLAIMED,
    UNSENT,
    WAITING,
    About,
    MessageKind,
    MessageState,
    Outgoing,
    StoredMessage,
    enqueue,
    in_room,
    messages,
    settle,
)

_OFTEN = 10  # tries; the fault is likely to be in the message, not in the room
_UNSAID = (
    MessageState.HELD, MessageState.GATHERED, MessageState.FOLDED, MessageState.DROPPED,
)  # fmt: skip
Written = Sequence[tuple[datetime, str]]
"""When each message was added, and its card."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Messages that a network did not receive: those that wait after a failure, and given up ones.

    ``error`` is of the newest one.
    """

    network: str
    waiting: int
    dead: int
    error: str


def fold(
    tx: Tx, key: str, digest: About, to: Channel, due: datetime, now: datetime,
    write: Callable[[Written], str],
) -> bool:  # fmt: skip
    """Adds the message ``key`` to a digest; False when that digest has been sent already.

    The digest waits until ``due``; ``write`` makes its card from all messages in it.
    """
    table = schema.outbox
    message = tx.execute(select(table.c.id).where(table.c.dedupe_key == key)).scalar_one()
    return _tell_of(tx, [message], digest, to, due, now, write)


def _tell_of(
    tx: Tx, ids: Collection[int], digest: About, to: Channel, due: datetime, now: datetime,
    write: Callable[[Written], str],
) -> bool:  # fmt: skip
    table = schema.outbox
    enqueue(tx, digest, to, "", now, due=due)
    waits = (table.c.state == MessageState.PENDING, table.c.attempts == 0)
    query = select(table.c.id).where(table.c.dedupe_key == digest.key, *waits).with_for_update()
    digest_id = tx.execute(query).scalar()
    if digest_id is None:
        return False
    tx.execute(update(table).where(table.c.id.in_(sorted(ids))).values(digest_id=digest_id))
    rows = tx.execute(
        select(table.c.created_at, table.c.card)
        .where(table.c.digest_id == digest_id)
        .order_by(table.c.id)
    )
    card = write([(row.created_at, row.card) for row in rows])
    tx.execute(update(table).where(table.c.id == digest_id).values(card=card))
    return True


def held_until(tx: Tx, now: datetime, limit: int = 500) -> list[StoredMessage]:
    """The messages whose wait is over, in the order in which they were added."""
    table = schema.outbox.c
    return messages(tx, table.state == MessageState.HELD, table.not_before <= now, limit=limit)


def hold_on(tx: Tx, ids: Collection[int], until: datetime) -> None:
    """Lets messages wait for longer."""
    table = schema.outbox
    held = (table.c.id.in_(sorted(ids)), table.c.state == MessageState.HELD)
    tx.execute(update(table).where(*held).values(not_before=until))


def said_after(tx: Tx, row: StoredMessage) -> bool:
    """Whether a newer message of the same incident went to the same room."""
    table = schema.outbox.c
    newer = (table.incident_id == row.incident, table.id > row.id, table.state.not_in(_UNSAID))
    query = select(table.id).where(*in_room(row.to), *newer)
    return tx.execute(query.limit(1)).scalar() is not None


def steps_in_room(tx: Tx, outgoing: Outgoing) -> list[StoredMessage]:
    """The other steps of a message's incident, or mass failure, in its room, oldest first."""
    table = schema.outbox.c
    same = [table.incident_id == outgoing.incident]
    if outgoing.incident is None:
        same = [table.group_key == outgoing.group, table.kind == outgoing.kind]
    others = (table.step.is_not(None), table.id != outgoing.id)
    return messages(tx, *same, *in_room(outgoing.to), *others)


def tells_of_past(tx: Tx, outgoing: Outgoing) -> bool:
    """Whether a digest reports on incidents, and all of these are over."""
    table, incident = schema.outbox.c, schema.incident.c
    query = (
        select(func.count(), func.count(incident.open_slot))
        .select_from(schema.outbox)
        .join(schema.incident, incident.id == table.incident_id)
        .where(table.digest_id == outgoing.id)
    )
    total, still = tx.execute(query).one()
    return bool(total) and not still


def is_replaced(tx: Tx, outgoing: Outgoing) -> bool:
    """Whether a newer message of the same group is there for the room."""
    table = schema.outbox.c
    query = select(table.id).where(
        *in_room(outgoing.to),
        table.created_at >= outgoing.created_at,
        table.kind == outgoing.kind,
        table.group_key == outgoing.group,
        table.id > outgoing.id,
    )
    return tx.execute(query.limit(1)).scalar() is not None


def lay_aside(tx: Tx, outgoing: Outgoing, now: datetime, write: Callable[[Written], str]) -> bool:
    """Takes a claimed message out of the queue and puts it into the room's digest, which waits.

    With it go the steps of its incident that were given up in the room before. False where
    another sender took it over.
    """
    if not settle(tx, outgoing, state=MessageState.LATE):
        return False
    steps = steps_in_room(tx, outgoing) if outgoing.incident is not None else []
    dead = [row.id for row in steps if row.state is MessageState.DEAD and row.id < outgoing.id]
    if dead:
        gone = update(schema.outbox).where(schema.outbox.c.id.in_(dead))
        tx.execute(gone.values(state=MessageState.LATE))
    digest = About(MessageKind.EXPIRED, _waiting(tx, outgoing.to) or f"late:{outgoing.id}")
    return _tell_of(tx, [*dead, outgoing.id], digest, outgoing.to, now, now, write)


def _waiting(tx: Tx, to: Channel) -> str | None:
    """The key of the room's digest of expired messages, if one has not been sent yet."""
    table = schema.outbox.c
    query = (
        select(table.dedupe_key)
        .where(*in_room(to), table.state == MessageState.PENDING, table.attempts == 0)
        .where(table.kind == MessageKind.EXPIRED)
        .order_by(table.id.desc())
    )
    return tx.execute(query.limit(1)).scalar()


def postpone(tx: Tx, outgoing: Outgoing, until: datetime) -> None:
    """After a message was given up: the room's other given up ones are not tried before then."""
    table = schema.outbox
    dead = (table.c.state == MessageState.DEAD, table.c.not_before < until)
    others = (*in_room(outgoing.to), table.c.id != outgoing.id)
    tx.execute(update(table).where(*others, *dead).values(not_before=until))


def revive(tx: Tx, network: str, since: datetime, now: datetime, room: str | None = None) -> int:
    """Makes given up messages that were added since then due again; returns how many.

    Those of ``room`` that were not tried often; without a room the one of the network that is
    due first.
    """
    table = schema.outbox
    query = select(table.c.id).where(
        table.c.state == MessageState.DEAD, table.c.network == network,
        table.c.created_at >= since, table.c.kind != MessageKind.LOSS, table.c.account.is_(None),
    )  # fmt: skip
    if room is None:
        query = query.where(table.c.not_before <= now).order_by(table.c.not_before, table.c.id)
        query = query.limit(1)
    else:
        query = query.where(table.c.room == room, table.c.attempts < _OFTEN)
    ids = list(tx.execute(query).scalars())
    if not ids:
        return 0
    again = update(table).where(table.c.id.in_(ids), table.c.state == MessageState.DEAD)
    return tx.execute(again.values(due_again(now))).rowcount


def due_again(now: datetime) -> dict[str, Any]:
    """What makes messages due now; a given up one that may be out is looked for first."""
    doubtful = and_(
        schema.outbox.c.state == MessageState.DEAD, schema.outbox.c.lease_until.is_not(None)
    )
    state = case((doubtful, MessageState.SENDING), else_=MessageState.PENDING)
    return {"state": state, "not_before": now, "lease_until": None}


def retry(tx: Tx, now: datetime, message_id: int | None = None) -> int:
    """Makes dead and waiting messages due now; returns how many.

    Messages that are being sent are left alone; one that waits for the end of quiet hours or for
    other CIs is sent only when ``message_id`` names it.
    """
    table = schema.outbox
    waits = or_(table.c.state == MessageState.DEAD, table.c.not_before > now)
    states = [*UNCLAIMED] if message_id is None else [*UNCLAIMED, *WAITING]
    query = update(table).where(table.c.state.in_(states), waits)
    if message_id is not None:
        query = query.where(table.c.id == message_id)
    return tx.execute(query.values(due_again(now))).rowcount


def undelivered(tx: Tx) -> list[Undelivered]:
    """Each network with messages that failed and are not out, by name."""
    table = schema.outbox.c
    query = (
        select(table.network, table.state, func.count(), func.max(table.id))
        .where(table.state.in_(UNSENT), table.error.is_not(None))
        .group_by(table.network, table.state)
    )
    rows = tx.execute(query).all()
    newest = [row[3] for row in rows]
    errors = {
        row.id: row.error
        for row in tx.execute(select(table.id, table.error).where(table.id.in_(newest)))
    }
    networks = []
    for network in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == network]
        dead = sum(row[2] for row in mine if row[1] == MessageState.DEAD)
        waiting = sum(row[2] for row in mine) - dead
        last = max(row[3] for row in mine)
        networks.append(Undelivered(network, waiting, dead, errors.get(last) or ""))
    return networks
