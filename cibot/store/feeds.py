"""Rows of feeds: how far each has read, and when it was last heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import Update, columns, upsert


@dataclass(frozen=True, slots=True)
class FeedState:
    """One source of events. ``error`` is its last failure, None after it worked again."""

    server_id: int
    name: str
    heard_at: datetime | None
    failed_at: datetime | None
    error: str | None
    rejected: int


def load_cursor(tx: Tx, server_id: int, name: str) -> str | None:
    """How far a feed has read, in its own words."""
    table = schema.feed.c
    query = select(table.cursor).where(table.server_id == server_id, table.name == name)
    return tx.execute(query).scalar()


def feed_heard(tx: Tx, server_id: int, name: str, cursor: str | None, heard_at: datetime) -> None:
    """Notes that a feed worked; ``cursor`` None leaves its place as it was."""
    update = ("heard_at", "error") if cursor is None else ("heard_at", "error", "cursor")
    _put(tx, server_id, name, update, cursor=cursor, heard_at=heard_at)


def _put(tx: Tx, server_id: int, name: str, update: Update, **values: object) -> None:
    row = {"server_id": server_id, "name": name, "rejected": 0, **_NOTHING, **values}
    upsert(tx, schema.feed, [row], update)


_NOTHING = dict.fromkeys(("cursor", "heard_at", "failed_at", "error"))


def feed_failed(tx: Tx, server_id: int, name: str, error: str, at: datetime) -> None:
    """Notes that a feed did not work, and why."""
    _put(tx, server_id, name, ("failed_at", "error"), failed_at=at, error=error[:2000])


def feed_rejected(tx: Tx, server_id: int, name: str, number: int) -> None:
    """Counts events that could not be read."""
    _put(tx, server_id, name, _rejected, rejected=number)


def _rejected(new: Any, old: Any) -> dict[str, Any]:
    return {"rejected": old.rejected + new.rejected}


def feed_states(tx: Tx) -> list[FeedState]:
    """Every feed, by server and name."""
    table = schema.feed.c
    query = select(*columns(FeedState, schema.feed)).order_by(table.server_id, table.name)
    return [FeedState(*row) for row in tx.execute(query)]
