"""Rows of the outbox that are gathered: they wait to be sent together with those of other CIs.

The alerts of one mass failure have its key in ``group_key``, and so have its messages. A row
that was sent together with others points by ``digest_id`` to the message that contains it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from cibot.model import Channel
from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.outbox import MessageKind, MessageState


@dataclass(frozen=True, slots=True)
class RoomMessage:
    """A message of a room; ``group`` is the mass failure that it is of, where it is of one."""

    id: int
    key: str
    kind: MessageKind
    incident: int | None
    step: str | None
    group: str | None
    to: Channel
    account: str | None
    state: MessageState
    created_at: datetime
    not_before: datetime
    digest: int | None

    @property
    def waits(self) -> bool:
        """Whether it waits for those of other CIs."""
        return self.state is MessageState.GATHERED


_COLUMNS = (
    "id", "dedupe_key", "kind", "incident_id", "step", "group_key", "network", "room", "account",
    "state", "created_at", "not_before", "digest_id",
)  # fmt: skip
_TABLE = schema.outbox.c


def room_messages(tx: Tx, *where: ColumnElement[bool]) -> list[RoomMessage]:
    """The messages that fit, in the order in which they were added."""
    query = select(*(_TABLE[name] for name in _COLUMNS)).where(*where).order_by(_TABLE.id)
    return [
        RoomMessage(
            row.id, row.dedupe_key, MessageKind(row.kind), row.incident_id, row.step, row.group_key,
            Channel(row.network, row.room), row.account, MessageState(row.state),
            row.created_at, row.not_before, row.digest_id,
        )
        for row in tx.execute(query)
    ]  # fmt: skip


def gathered(tx: Tx) -> list[RoomMessage]:
    """All that is gathered, in the order in which it was added; locked for writing."""
    waits = _TABLE.state == MessageState.GATHERED
    ids = list(tx.execute(select(_TABLE.id).where(waits)).scalars())
    if not ids:
        return []
    # By the keys alone, so that nothing but these rows is locked.
    tx.execute(select(_TABLE.id).where(_TABLE.id.in_(ids)).with_for_update()).all()
    return room_messages(tx, waits)


def anything_gathered(tx: Tx) -> bool:
    """Whether there is any."""
    query = select(_TABLE.id).where(_TABLE.state == MessageState.GATHERED)
    return tx.execute(query.limit(1)).scalar() is not None


def messages_of(tx: Tx, incidents: Collection[int]) -> list[RoomMessage]:
    """The messages of some incidents, oldest first."""
    return room_messages(tx, _TABLE.incident_id.in_(sorted(incidents))) if incidents else []


def messages_of_group(tx: Tx, group: str) -> list[RoomMessage]:
    """The alerts and messages of a mass failure in all rooms, oldest first."""
    return room_messages(tx, _TABLE.group_key == group)


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


def fold_gathered(tx: Tx, ids: Collection[int], message_key: str | None = None) -> None:
    """Notes the message that contained these, or that there is none."""
    if not ids:
        return
    table = schema.outbox
    digest = None
    if message_key is not None:
        digest = tx.execute(select(table.c.id).where(table.c.dedupe_key == message_key)).scalar()
    waits = (table.c.id.in_(sorted(ids)), table.c.state == MessageState.GATHERED)
    tx.execute(update(table).where(*waits).values(state=MessageState.FOLDED, digest_id=digest))


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


def card_of(tx: Tx, message_id: int) -> str:
    """The card of a message, as JSON."""
    return str(tx.execute(select(_TABLE.card).where(_TABLE.id == message_id)).scalar_one())
