"""Rows of silences: kept for ever, so that nobody forgets who muted what, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from cibot.store import schema
from cibot.store.bulk import insert_one
from cibot.store.engine import Tx
from cibot.store.rows import columns


@dataclass(frozen=True, slots=True)
class StoredSilence:
    """A mute of the CIs that ``pattern`` fits; ``ended_at`` when somebody ended it early.

    Without ``is_pattern`` it is the name of one CI, whatever characters it has.
    """

    id: int
    pattern: str
    is_pattern: bool
    since: datetime
    until: datetime
    made_by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def end(self) -> datetime:
        """When it mutes no more."""
        return self.ended_at or self.until


_FIELDS = columns(StoredSilence, schema.silence)


def add_silence(
    tx: Tx,
    pattern: str,
    since: datetime,
    until: datetime,
    made_by: str,
    reason: str,
    *,
    is_pattern: bool = False,
) -> int:
    """Stores a silence, of one CI or of all that a pattern fits, and returns its id."""
    row = {
        "pattern": pattern,
        "is_pattern": is_pattern,
        "since": since,
        "until": until,
        "made_by": made_by[:190],
        "reason": reason[:500],
    }
    return insert_one(tx, schema.silence, row)


def silences_at(tx: Tx, at: datetime) -> list[StoredSilence]:
    """The silences that mute something then, the one that ends first first."""
    table = schema.silence.c
    query = (
        select(*_FIELDS)
        .where(table.until > at, table.since <= at)
        .where(table.ended_at.is_(None))
        .order_by(table.until, table.id)
    )
    return [StoredSilence(*row) for row in tx.execute(query)]


def silences_ended(tx: Tx, since: datetime, now: datetime) -> list[StoredSilence]:
    """The silences that ended between the two moments."""
    query = select(*_FIELDS).where(schema.silence.c.until >= since)
    found = [StoredSilence(*row) for row in tx.execute(query)]
    return [stored for stored in found if since <= stored.end <= now]


def silence_by_id(tx: Tx, silence_id: int) -> StoredSilence | None:
    """One silence, or None."""
    query = select(*_FIELDS).where(schema.silence.c.id == silence_id)
    row = tx.execute(query).one_or_none()
    return StoredSilence(*row) if row else None


def silences_before(
    tx: Tx, before: int | None, limit: int, active_at: datetime | None = None
) -> list[StoredSilence]:
    """Silences, over or not, newest first by id, from the one that follows ``before``.

    With ``active_at`` those only that mute something then.
    """
    table = schema.silence.c
    query = select(*_FIELDS).order_by(table.id.desc()).limit(limit)
    if active_at is not None:
        active = (table.until > active_at, table.since <= active_at, table.ended_at.is_(None))
        query = query.where(*active)
    if before is not None:
        query = query.where(table.id < before)
    return [StoredSilence(*row) for row in tx.execute(query)]


def end_silence(tx: Tx, silence_id: int, ended_by: str, now: datetime) -> bool:
    """Ends a silence before its time; False when it was over already."""
    table = schema.silence
    done = tx.execute(
        update(table)
        .where(table.c.id == silence_id, table.c.ended_at.is_(None), table.c.until > now)
        .values(ended_at=now, ended_by=ended_by[:190])
    )
    return done.rowcount == 1
