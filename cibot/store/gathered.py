"""Rows of the outbox that are gathered: they wait to be sent together with those of other CIs.

The alerts of one mass failure have its key in ``group_key``, and so have its messages. A row
that was sent together with others points by ``digest_id`` to the message that contains it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.outbox import MessageKind, MessageState, StoredMessage, messages

_TABLE = schema.outbox.c


def gathered(tx: Tx) -> list[StoredMessage]:
    """All that is gathered, in the order in which it was added; locked for writing."""
    waits = _TABLE.state == MessageState.GATHERED
    ids = list(tx.execute(select(_TABLE.id).where(waits)).scalars())
    if not ids:
        return []
    # By the keys alone, so that nothing but these rows is locked.
    tx.execute(select(_TABLE.id).where(_TABLE.id.in_(ids)).with_for_update()).all()
    return messages(tx, waits)


def anything_gathered(tx: Tx) -> bool:
    """Whether any message is gathered."""
    query = select(_TABLE.id).where(_TABLE.state == MessageState.GATHERED)
    return tx.execute(query.limit(1)).scalar() is not None


def messages_of(tx: Tx, incidents: Collection[int]) -> list[StoredMessage]:
    """The messages of some incidents, oldest first."""
    return messages(tx, _TABLE.incident_id.in_(sorted(incidents))) if incidents else []


def messages_of_group(tx: Tx, group: str) -> list[StoredMessage]:
    """The alerts and messages of a mass failure in all rooms, oldest first."""
    return messages(tx, _TABLE.group_key == group)


def join_group(
    tx: Tx, incidents: Collection[int], steps: Collection[str], group: str, since: datetime
) -> None:
    """Makes the alerts of these steps since then those of a mass failure.

    An alert that no sender has begun to send is gathered.
    """
    if not incidents:
        return
    table = schema.outbox
    own = (
        table.c.incident_id.in_(sorted(incidents)),
        table.c.kind == MessageKind.ALERT,
        table.c.step.in_(sorted(steps)),
        table.c.created_at >= since,
    )
    tx.execute(update(table).where(*own).values(group_key=group))
    unsaid = (table.c.state == MessageState.PENDING, table.c.attempts == 0)
    tx.execute(update(table).where(*own, *unsaid).values(state=MessageState.GATHERED))


def say_gathered(tx: Tx, message_id: int, now: datetime, card: str | None = None) -> None:
    """Makes one that was gathered due by itself; with another ``card`` where one is given."""
    table = schema.outbox
    values: dict[str, object] = {
        "state": MessageState.PENDING, "created_at": now, "not_before": now,
    }  # fmt: skip
    if card is not None:
        values["card"] = card
    waits = (table.c.id == message_id, table.c.state == MessageState.GATHERED)
    tx.execute(update(table).where(*waits).values(**values))
