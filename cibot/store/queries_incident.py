"""Questions about incidents that only faces ask."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.incidents import StoredIncident, StoredTransition


def incidents_during(
    tx: Tx, since: datetime, until: datetime, limit: int = 500
) -> list[StoredIncident]:
    """Incidents that were open at any moment in ``since <= t < until``, newest first."""
    table = schema.incident.c
    columns = [table[name] for name in StoredIncident.__slots__]
    query = (
        select(*columns)
        .where(or_(table.open_slot == 1, table.resolved_at >= since), table.opened_at < until)
        .order_by(table.opened_at.desc(), table.id.desc())
    )
    return [StoredIncident(*row) for row in tx.execute(query.limit(limit))]


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
