"""Rows of the outbox that wait for the end of quiet hours: state ``held``, due at the end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from cibot.store import schema
from cibot.store.engine import Tx

_UNSAID = ("held", "folded", "dropped")


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message that waits."""

    id: int
    key: str
    network: str
    room: str
    card: str


def held_until(tx: Tx, now: datetime, limit: int = 500) -> list[HeldMessage]:
    """The messages whose wait is over, in the order in which they were added."""
    table = schema.outbox.c
    query = (
        select(table.id, table.dedupe_key, table.network, table.room, table.card)
        .where(table.state == "held", table.not_before <= now)
        .order_by(table.id)
    )
    return [HeldMessage(*row) for row in tx.execute(query.limit(limit))]


def hold_on(tx: Tx, ids: Collection[int], until: datetime) -> None:
    """Lets messages wait for longer."""
    table = schema.outbox
    held = (table.c.id.in_(sorted(ids)), table.c.state == "held")
    tx.execute(update(table).where(*held).values(not_before=until))


def fold_held(tx: Tx, ids: Collection[int]) -> None:
    """Notes that something else told of these messages, or that nothing had to."""
    table = schema.outbox
    held = (table.c.id.in_(sorted(ids)), table.c.state == "held")
    tx.execute(update(table).where(*held).values(state="folded"))


def said_after(tx: Tx, incident_id: int, network: str, room: str, after: int) -> bool:
    """Whether a message of the incident went to that room that is newer than the id ``after``."""
    table = schema.outbox.c
    query = select(table.id).where(
        *_of_incident(incident_id),
        table.network == network,
        table.room == room,
        table.id > after,
        table.state.not_in(_UNSAID),
    )
    return tx.execute(query.limit(1)).scalar() is not None


def rooms_of(tx: Tx, incident_id: int) -> set[tuple[str, str]]:
    """Network and room of every message of an incident, those that waited too."""
    table = schema.outbox.c
    query = select(table.network, table.room).where(*_of_incident(incident_id)).distinct()
    return {(row.network, row.room) for row in tx.execute(query)}


def _of_incident(incident_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """As a range of keys, which both databases read off the index."""
    key = schema.outbox.c.dedupe_key
    return key >= f"incident:{incident_id}:", key < f"incident:{incident_id};"
