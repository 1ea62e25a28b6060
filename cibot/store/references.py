"""Rows of reference periods, and of where each CI is at home.

The leader works both out from the stored reports and writes them here, so that judging
and every face have the same answer.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx


class RecordRow(NamedTuple):
    """A CI in a project since its first verdict there.

    ``place`` is 0 in its main project, then 1 and so on; None where it is no longer at home.
    """

    ci_id: int
    project: str
    place: int | None
    first_at: datetime


class PeriodRow(NamedTuple):
    """From ``since`` on a CI is the reference of a project; None: from then on there is none."""

    project: str
    since: datetime
    ci_id: int | None


def put_records(tx: Tx, rows: Collection[RecordRow]) -> None:
    """Makes these the records of all CIs; only what differs is written."""
    table, stored = schema.project_record, {row[:2]: row for row in records_of(tx)}
    wanted = {row[:2]: row for row in rows}
    for ci_id, project in sorted(stored.keys() - wanted.keys()):
        tx.execute(delete(table).where(table.c.ci_id == ci_id, table.c.project == project))
    upsert(tx, table, _changed(wanted, stored), _replace_record)


def put_periods(tx: Tx, rows: Collection[PeriodRow]) -> None:
    """Makes these the reference periods of all projects; only what differs is written."""
    table, stored = schema.reference_period, {row[:2]: row for row in periods_of(tx)}
    wanted = {row[:2]: row for row in rows}
    for project, since in sorted(stored.keys() - wanted.keys()):
        tx.execute(delete(table).where(table.c.project == project, table.c.since == since))
    upsert(tx, table, _changed(wanted, stored), _replace_period)


def _changed(wanted: dict[Any, Any], stored: dict[Any, Any]) -> list[dict[str, Any]]:
    return [row._asdict() for key, row in sorted(wanted.items()) if stored.get(key) != row]


def _replace_record(new: Any, _old: Any) -> dict[str, Any]:
    return {"place": new.place, "first_at": new.first_at}


def _replace_period(new: Any, _old: Any) -> dict[str, Any]:
    return {"ci_id": new.ci_id}


def records_of(tx: Tx, ci_ids: Collection[int] | None = None) -> list[RecordRow]:
    """Where some CIs, or all, ever gave a verdict."""
    query = _RECORDS
    if ci_ids is not None:
        query = query.where(schema.project_record.c.ci_id.in_(sorted(ci_ids)))
    return [RecordRow._make(row) for row in tx.execute(query)]


def records_in(tx: Tx, projects: Collection[str]) -> list[RecordRow]:
    """The CIs that ever gave a verdict in some projects."""
    query = _RECORDS.where(schema.project_record.c.project.in_(sorted(projects)))
    return [RecordRow._make(row) for row in tx.execute(query)]


def periods_of(tx: Tx, projects: Collection[str] | None = None) -> list[PeriodRow]:
    """The reference periods of some projects, or of all, oldest first."""
    query = _PERIODS
    if projects is not None:
        query = query.where(schema.reference_period.c.project.in_(sorted(projects)))
    return [PeriodRow._make(row) for row in tx.execute(query)]


_RECORDS = select(*(schema.project_record.c[name] for name in RecordRow._fields))
_PERIODS = select(*(schema.reference_period.c[name] for name in PeriodRow._fields)).order_by(
    schema.reference_period.c.project, schema.reference_period.c.since
)
