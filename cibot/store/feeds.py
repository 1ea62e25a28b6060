"""Rows of feeds: how far each has read, and when it was last heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal_column, select

from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx


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
    cursor: str | None = tx.execute(
        select(table.cursor).where(table.server_id == server_id, table.name == name)
    ).scalar()
    return cursor


def feed_heard(tx: Tx, server_id: int, name: str, cursor: str | None, heard_at: datetime) -> None:
    """Notes that a feed worked; ``cursor`` None leaves its place as it was."""
    row = {
        "server_id": server_id,
        "name": name,
        "cursor": cursor,
        "heard_at": heard_at,
        "failed_at": None,
        "error": None,
        "rejected": 0,
    }

    upsert(tx, schema.feed, [row], _heard if cursor is None else _read_on)


def _heard(new: Any, _old: Any) -> dict[str, Any]:
    return {"heard_at": new.heard_at, "error": new.error}


def _read_on(new: Any, old: Any) -> dict[str, Any]:
    return _heard(new, old) | {"cursor": new.cursor}


def feed_failed(tx: Tx, server_id: int, name: str, error: str, at: datetime) -> None:
    """Notes that a feed did not work, and why."""
    row = {
        "server_id": server_id,
        "name": name,
        "cursor": None,
        "heard_at": None,
        "failed_at": at,
        "error": error[:2000],
        "rejected": 0,
    }
    upsert(tx, schema.feed, [row], _failed)


def _failed(new: Any, _old: Any) -> dict[str, Any]:
    return {"failed_at": new.failed_at, "error": new.error}


def feed_rejected(tx: Tx, server_id: int, name: str) -> None:
    """Counts one event that could not be read."""
    row = {
        "server_id": server_id,
        "name": name,
        "cursor": None,
        "heard_at": None,
        "failed_at": None,
        "error": None,
        "rejected": 1,
    }
    upsert(tx, schema.feed, [row], _rejected)


def _rejected(_new: Any, old: Any) -> dict[str, Any]:
    return {"rejected": old.rejected + literal_column("1")}


def feed_states(tx: Tx) -> list[FeedState]:
    """Every feed, by server and name."""
    table = schema.feed.c
    query = select(
        table.server_id, table.name, table.heard_at, table.failed_at, table.error, table.rejected
    ).order_by(table.server_id, table.name)
    return [FeedState(*row) for row in tx.execute(query)]
