"""Questions that only pages and the API ask: each bounded, each served by an index."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, tuple_

from cibot.store import schema
from cibot.store.cis import HeardReport, heard_reports
from cibot.store.engine import Tx
from cibot.store.incidents import StoredIncident
from cibot.store.rows import columns

ReportKey = tuple[datetime, int, int]
"""Where a report stands in its CI's list: (posted_at, change_id, seq)."""


def reports_before(tx: Tx, ci_id: int, before: ReportKey | None, limit: int) -> list[HeardReport]:
    """A CI's reports of any kind, newest first, starting after ``before``."""
    report = schema.report
    query = (
        heard_reports()
        .where(report.c.ci_id == ci_id)
        .order_by(report.c.posted_at.desc(), report.c.change_id.desc(), report.c.seq.desc())
    )
    if before is not None:
        key = tuple_(report.c.posted_at, report.c.change_id, report.c.seq)
        # The first condition alone can be read off the index; the second makes it exact.
        query = query.where(report.c.posted_at <= before[0], key < before)
    return [HeardReport(*row) for row in tx.execute(query.limit(limit))]


def incidents_before(
    tx: Tx, *, ci_id: int | None, open_only: bool, before: int | None, limit: int
) -> list[StoredIncident]:
    """Incidents newest first by id, starting after ``before``."""
    table = schema.incident.c
    query = select(*columns(StoredIncident, schema.incident)).order_by(table.id.desc())
    query = query.where(table.merged_into.is_(None))
    if ci_id is not None:
        query = query.where(table.ci_id == ci_id)
    if open_only:
        query = query.where(table.open_slot == 1)
    if before is not None:
        query = query.where(table.id < before)
    return [StoredIncident(*row) for row in tx.execute(query.limit(limit))]
