"""Questions that only pages and the API ask: each bounded, each served by an index."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select

from cibot.store import schema
from cibot.store.cis import HeardReport, heard_reports
from cibot.store.engine import Tx
from cibot.store.incidents import StoredIncident

ReportKey = tuple[datetime, int, int]
"""Where a report stands in its CI's list: (posted_at, change_id, seq)."""


def recent_projects(
    tx: Tx, ci_ids: Collection[int], each: int = 60
) -> dict[int, list[tuple[str, int]]]:
    """The projects of each CI's last ``each`` verdicts with their numbers, most first.

    A few rows from the end of the index for each CI, however long its history.
    """
    found: dict[int, list[tuple[str, int]]] = {}
    for ci_id in ci_ids:
        rows = tx.execute(_RECENT_PROJECTS, {"ci": ci_id, "each": each})
        found[ci_id] = sorted(((row[0], row[1]) for row in rows), key=lambda one: (-one[1], one[0]))
    return found


def _recent_projects() -> Select[Any]:
    report, change = schema.report, schema.change
    last = (
        select(report.c.change_id)
        .where(report.c.ci_id == bindparam("ci"), report.c.result.is_not(None))
        .order_by(report.c.posted_at.desc())
        .limit(bindparam("each"))
        .subquery()
    )
    return (
        select(change.c.project, func.count())
        .join(last, last.c.change_id == change.c.id)
        .group_by(change.c.project)
    )


_RECENT_PROJECTS = _recent_projects()


def reports_before(tx: Tx, ci_id: int, before: ReportKey | None, limit: int) -> list[HeardReport]:
    """A CI's reports of any kind, newest first, from the one that follows ``before``."""
    report = schema.report
    query = (
        heard_reports()
        .where(report.c.ci_id == ci_id)
        .order_by(report.c.posted_at.desc(), report.c.change_id.desc(), report.c.seq.desc())
    )
    if before is not None:
        posted_at, change_id, seq = before
        older = or_(
            report.c.posted_at < posted_at,
            and_(report.c.posted_at == posted_at, report.c.change_id < change_id),
            and_(
                report.c.posted_at == posted_at,
                report.c.change_id == change_id,
                report.c.seq < seq,
            ),
        )
        # The first condition alone can be read off the index; the second makes it exact.
        query = query.where(report.c.posted_at <= posted_at, older)
    return [HeardReport(*row) for row in tx.execute(query.limit(limit))]


def incidents_before(
    tx: Tx, *, ci_id: int | None, open_only: bool, before: int | None, limit: int
) -> list[StoredIncident]:
    """Incidents newest first by id, from the one that follows ``before``."""
    table = schema.incident.c
    columns = [table[name] for name in StoredIncident.__slots__]
    query = select(*columns).order_by(table.id.desc())
    if ci_id is not None:
        query = query.where(table.ci_id == ci_id)
    if open_only:
        query = query.where(table.open_slot == 1)
    if before is not None:
        query = query.where(table.id < before)
    return [StoredIncident(*row) for row in tx.execute(query.limit(limit))]
