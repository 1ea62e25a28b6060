"""Rows of silences; never deleted, as a record of who muted what, and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from cibot.model import Silence
from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import fitting, insert_one

_TABLE = schema.silence.c
_SILENCES = select(
    _TABLE.id, _TABLE.pattern, _TABLE.since, _TABLE.until, _TABLE.made_by, _TABLE.reason,
    _TABLE.ended_at, _TABLE.ended_by, _TABLE.is_pattern,
)  # fmt: skip


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
        "made_by": made_by,
        "reason": reason,
    }
    return insert_one(tx, schema.silence, fitting(schema.silence, row))


def _active(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return _TABLE.until > at, _TABLE.since <= at, _TABLE.ended_at.is_(None)


def silences_at(tx: Tx, at: datetime) -> list[Silence]:
    """The silences that mute something then, ordered by end time."""
    query = _SILENCES.where(*_active(at)).order_by(_TABLE.until, _TABLE.id)
    return [Silence(*row) for row in tx.execute(query)]


def silences_ended(tx: Tx, since: datetime, now: datetime) -> list[Silence]:
    """The silences that ended between the two moments."""
    query = _SILENCES.where(_TABLE.until >= since)
    silences = [Silence(*row) for row in tx.execute(query)]
    return [stored for stored in silences if since <= stored.end <= now]


def silence_by_id(tx: Tx, silence_id: int) -> Silence | None:
    """One silence, or None."""
    query = _SILENCES.where(_TABLE.id == silence_id)
    row = tx.execute(query).one_or_none()
    return Silence(*row) if row else None


def silences_before(
    tx: Tx, before: int | None, limit: int, active_at: datetime | None = None
) -> list[Silence]:
    """Silences, over or not, newest first by id, starting after ``before``.

    With ``active_at`` only those that are active then.
    """
    query = _SILENCES.order_by(_TABLE.id.desc()).limit(limit)
    if active_at is not None:
        query = query.where(*_active(active_at))
    if before is not None:
        query = query.where(_TABLE.id < before)
    return [Silence(*row) for row in tx.execute(query)]


def end_silence(tx: Tx, silence_id: int, ended_by: str, now: datetime) -> bool:
    """Ends a silence before its time; False when it was over already."""
    table = schema.silence
    done = tx.execute(
        update(table)
        .where(table.c.id == silence_id, table.c.ended_at.is_(None), table.c.until > now)
        .values(ended_at=now, ended_by=ended_by[:190])
    )
    return done.rowcount == 1
