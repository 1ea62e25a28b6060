"""Questions about incidents that only faces ask."""

from __future__ import annotations

from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.incidents import StoredTransition


def transitions_of(tx: Tx, incident_id: int, limit: int = 500) -> list[StoredTransition]:
    """The steps of one incident, oldest first."""
    table = schema.transition.c
    query = (
        select(table.incident_id, table.at, table.name, table.reason)
        .where(table.incident_id == incident_id)
        .order_by(table.seq)
        .limit(limit)
    )
    return [StoredTransition(*row) for row in tx.execute(query)]
