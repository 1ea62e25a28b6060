"""Rows of the outbox: which message goes to which room, and what became of it.

A row is written in the transaction that decides on the message. Its subject is in columns; the
dedupe key only says whether two rows are the same message. Messages that a digest reports on point
to it, see `cibot.store.digests`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, update

from cibot.model import Channel
from cibot.store import schema
from cibot.store.engine import Tx, in_this_order
from cibot.store.rows import names_of, upsert, values_of


class MessageState(StrEnum):
    """What became of a message."""

    PENDING = "pending"
    SENDING = "sending"  # claimed; with its lease over it was left by a crash and may be out
    SENT = "sent"
    DEAD = "dead"  # a person must act first
    DROPPED = "dropped"  # a person gave it up
    HELD = "held"  # waits for the end of quiet hours
    GATHERED = "gathered"  # waits to be sent with those of other CIs
    FOLDED = "folded"  # a digest mentions it
    LATE = "late"  # could not be sent in time; a digest mentions it


UNSENT = (MessageState.PENDING, MessageState.SENDING, MessageState.DEAD)
"""What should be out and is not."""
UNCLAIMED = (MessageState.PENDING, MessageState.DEAD)
WAITING = (MessageState.HELD, MessageState.GATHERED)
_QUEUED = (MessageState.PENDING, MessageState.SENDING)


class MessageKind(StrEnum):
    """What a message is."""

    ALERT = "alert"  # a step of an incident
    TOGETHER = "together"  # many CIs that broke at once
    SUMMARY = "summary"
    DIGEST = "digest"  # alerts beyond a room's limit
    QUIET = "quiet"  # what waited for the end of quiet hours
    EXPIRED = "expired"  # what could not be said in time
    SILENCE = "silence"  # that somebody muted CIs whose alerts the room gets
    LOSS = "loss"  # that another message could not be said


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about.

    Of two messages with one ``key`` the first is kept. ``group`` is what makes one
    series of messages: a configured summary, where a newer one replaces an older, or a mass
    failure. ``account`` is the person a private message is for.
    """

    kind: MessageKind
    key: str
    incident: int | None = None
    step: str | None = None
    group: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message and what became of it; ``error`` is why it is not out.

    ``group`` and ``account`` are as in `About`; ``digest`` is the row of the message that contains
    this one, ``lease_until`` the lease of who sends it.
    """

    id: int
    key: str
    kind: MessageKind
    incident: int | None
    step: str | None
    group: str | None
    account: str | None
    network: str
    room: str
    card: str
    state: MessageState
    attempts: int
    created_at: datetime
    not_before: datetime
    digest: int | None = None
    error: str | None = None
    lease_until: datetime | None = None

    @property
    def private(self) -> bool:
        """Whether it is a private message to one person."""
        return self.account is not None

    @property
    def to(self) -> Channel:
        """The room that it is for."""
        return Channel(self.network, self.room)

    @property
    def waits(self) -> bool:
        """Whether it waits for those of other CIs."""
        return self.state is MessageState.GATHERED


@dataclass(frozen=True, slots=True)
class Outgoing(StoredMessage):
    """A claimed message. ``attempts`` counts this one; ``doubtful`` follows a crash."""

    doubtful: bool = False


_TABLE = schema.outbox.c
_NAMES = {
    "key": "dedupe_key",
    "incident": "incident_id",
    "group": "group_key",
    "digest": "digest_id",
}
_STORED = select(*(_TABLE[_NAMES.get(name, name)].label(name) for name in names_of(StoredMessage)))


def messages(
    tx: Tx, *where: ColumnElement[bool], newest_first: bool = False, limit: int | None = None
) -> list[StoredMessage]:
    """The messages that fit, in the order in which they were added."""
    order = _TABLE.id.desc() if newest_first else _TABLE.id
    rows = tx.execute(_STORED.where(*where).order_by(order).limit(limit)).mappings()
    return [
        StoredMessage(
            **{**row, "kind": MessageKind(row["kind"]), "state": MessageState(row["state"])}
        )
        for row in rows
    ]


def in_room(to: Channel) -> tuple[ColumnElement[bool], ...]:
    """Conditions for the messages of a room."""
    return _TABLE.network == to.network, _TABLE.room == to.room


def fold_waiting(tx: Tx, ids: Collection[int], message_key: str | None = None) -> None:
    """Notes the message that contained these, which waited, or that there is none."""
    if not ids:
        return
    digest = None
    if message_key is not None:
        digest = tx.execute(select(_TABLE.id).where(_TABLE.dedupe_key == message_key)).scalar()
    waited = (_TABLE.id.in_(sorted(ids)), _TABLE.state.in_(WAITING))
    values = {"state": MessageState.FOLDED, "digest_id": digest}
    tx.execute(update(schema.outbox).where(*waited).values(values))


def enqueue(
    tx: Tx,
    about: About,
    to: Channel,
    card: str,
    now: datetime,
    *,
    due: datetime | None = None,
    state: MessageState = MessageState.PENDING,
) -> None:
    """Adds a message once: a key that exists already changes nothing.

    It is sent from ``due`` on. Messages added as ``held`` or ``folded`` are never sent themselves,
    those added as ``gathered`` only where they are not sent together with other CIs'.
    """
    row = {
        "dedupe_key": about.key,
        "kind": about.kind.value,
        "incident_id": about.incident,
        "step": about.step,
        "group_key": about.group,
        "account": about.account,
        "network": to.network,
        "room": to.room,
        "card": card,
        "state": state.value,
        "attempts": 0,
        "created_at": now,
        "not_before": due or now,
    }
    upsert(tx, schema.outbox, [row])


def said_since(tx: Tx, to: Channel, since: datetime) -> int:
    """How many messages were added for a room since then that are sent by themselves."""
    said = (_TABLE.created_at >= since, _TABLE.state.not_in((MessageState.FOLDED, *WAITING)))
    return int(tx.execute(select(func.count()).where(*in_room(to), *said)).scalar_one())


def last_sent(tx: Tx, to: Channel, about: About) -> datetime | None:
    """When the last message of the same group that reached the room was added."""
    query = (
        select(_TABLE.created_at)
        .where(*in_room(to), _TABLE.kind == about.kind, _TABLE.group_key == about.group)
        .where(_TABLE.state == MessageState.SENT)
        .order_by(_TABLE.created_at.desc())
    )
    return tx.execute(query.limit(1)).scalar()


def sent_about_ci(tx: Tx, ci_id: int, since: datetime) -> bool:
    """Whether a step of one of the CI's incidents was sent, or is about to be, since then."""
    table, incident = schema.outbox.c, schema.incident.c
    query = (
        select(table.id)
        .select_from(schema.incident)
        .join(schema.outbox, incident.id == table.incident_id)
        .where(incident.ci_id == ci_id, table.created_at >= since)
    )
    return tx.execute(in_this_order(query).limit(1)).scalar() is not None


def rooms_of(tx: Tx, incident_id: int) -> set[Channel]:
    """Every room with a message of an incident, those that waited too."""
    table = schema.outbox.c
    query = select(table.network, table.room).where(table.incident_id == incident_id).distinct()
    return {Channel(row.network, row.room) for row in tx.execute(query)}


def move_messages(tx: Tx, incident_id: int, into: int) -> None:
    """Assigns an incident's messages to the incident that it was merged into.

    Their cards keep the old number; the sender puts the new one in its place.
    """
    table = schema.outbox
    tx.execute(update(table).where(table.c.incident_id == incident_id).values(incident_id=into))


def claim(
    tx: Tx, network: str, now: datetime, lease_until: datetime, unclear: Collection[datetime] = ()
) -> Outgoing | None:
    """Claims the oldest due message of a network, in the order of its room, or None.

    A room whose oldest open message has to wait is skipped, so that later messages do not overtake
    it; of two that were added by transactions at the same time, either may be first. ``unclear``
    are the leases of the caller's claims of which it does not know whether they were committed,
    since the answer was lost: a message that bears one is the caller's.
    """
    queued = (_TABLE.network == network, _TABLE.state.in_(_QUEUED))
    heads = select(func.min(_TABLE.id)).where(*queued).group_by(_TABLE.room)
    for message in messages(tx, _TABLE.id.in_(heads)):
        doubtful = message.state is MessageState.SENDING
        if doubtful and message.lease_until in unclear:
            return Outgoing(**values_of(message), doubtful=message.attempts > 1)
        if not _is_due(message, now):
            continue
        claim = {"attempts": message.attempts + 1, "lease_until": lease_until}
        taken = tx.execute(
            update(schema.outbox)
            .where(_TABLE.id == message.id, _TABLE.attempts == message.attempts)
            .where(_TABLE.state == message.state)
            .values(state=MessageState.SENDING, **claim)
        )
        if taken.rowcount == 1:
            return Outgoing(**values_of(message) | claim, doubtful=doubtful)
    return None


def _is_due(message: StoredMessage, now: datetime) -> bool:
    """Whether a message may be claimed: not before its time, and not while another holds it."""
    if message.state is MessageState.SENDING and message.lease_until:
        return message.lease_until <= now  # it was due when it was claimed
    # Added to be said at once: by another host's clock, maybe, which is not ours.
    at_once = message.attempts == 0 and message.not_before <= message.created_at
    return at_once or message.not_before <= now


def mark_sent(tx: Tx, outgoing: Outgoing, remote_id: str, now: datetime) -> bool:
    """Notes that the network has the message; False when another sender took it over."""
    return settle(
        tx, outgoing, state=MessageState.SENT, remote_id=remote_id[:255], sent_at=now, error=None
    )


def mark_later(tx: Tx, outgoing: Outgoing, not_before: datetime, error: str) -> bool:
    """Puts a message back until ``not_before``, after a passing failure."""
    return settle(
        tx, outgoing, state=MessageState.PENDING, not_before=not_before, error=error[:2000]
    )


def mark_unsure(tx: Tx, outgoing: Outgoing, not_before: datetime, error: str) -> bool:
    """Leaves a message open that may be out already; it is looked for before it is sent again."""
    return settle(
        tx, outgoing, state=MessageState.SENDING, not_before=not_before, error=error[:2000]
    )


def mark_dead(tx: Tx, outgoing: Outgoing, again: datetime, error: str) -> bool:
    """Gives a message up: a person must act first; ``again`` is when to see whether one has.

    One that may be out keeps a lease, by which `cibot.store.digests.due_again` knows.
    """
    lease = again if outgoing.doubtful else None
    values = {"not_before": again, "lease_until": lease, "error": error[:2000]}
    return settle(tx, outgoing, state=MessageState.DEAD, **values)


def settle(tx: Tx, outgoing: Outgoing, **values: object) -> bool:
    """Ends a claim with these values; False when another sender took the message over."""
    table = schema.outbox
    done = tx.execute(
        update(table)
        .where(table.c.id == outgoing.id, table.c.attempts == outgoing.attempts)
        .where(table.c.state == MessageState.SENDING)
        .values(**{"lease_until": None} | values)
    )
    return done.rowcount == 1


def hurry(tx: Tx, network: str, now: datetime) -> int:
    """Makes messages that were put back due now, as their network is back; returns how many."""
    table = schema.outbox
    query = update(table).where(
        table.c.state.in_(_QUEUED),
        table.c.network == network,
        table.c.not_before > now,  # what is under way, or was left by a crash, was due before
    )
    return tx.execute(query.values(not_before=now, lease_until=now)).rowcount


def release_leases(tx: Tx, until: datetime) -> int:
    """Shortens every lease to ``until``, when its holder is known to be dead; returns how many."""
    table = schema.outbox
    left = (table.c.state == MessageState.SENDING, table.c.lease_until > until)
    return tx.execute(update(table).where(*left).values(lease_until=until)).rowcount


def depth(tx: Tx) -> dict[str, int]:
    """How many messages are in each state but ``sent``."""
    table = schema.outbox.c
    query = select(table.state, func.count()).where(table.state.in_(UNSENT)).group_by(table.state)
    return {row[0]: row[1] for row in tx.execute(query)}


def has(tx: Tx, key: str) -> bool:
    """Whether a message with this dedupe key was ever added."""
    table = schema.outbox.c
    return tx.execute(select(table.id).where(table.dedupe_key == key)).scalar() is not None


_OPEN = (*UNSENT, *WAITING)


def listed(tx: Tx, states: Sequence[MessageState] = _OPEN, limit: int = 100) -> list[StoredMessage]:
    """Messages in these states, newest first."""
    return messages(tx, _TABLE.state.in_(states), newest_first=True, limit=limit)


def drop(tx: Tx, message_id: int) -> bool:
    """Gives up a message for good, unless it is out or just being sent."""
    table = schema.outbox
    waits = (table.c.id == message_id, table.c.state.in_((*UNCLAIMED, *WAITING)))
    return tx.execute(update(table).where(*waits).values(state=MessageState.DROPPED)).rowcount == 1
