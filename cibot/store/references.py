"""Rows of reference periods, and of where each CI is at home.

The leader works both out from the stored reports and writes them here, so that judging
and every face have the same answer.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, replace_all


class RecordRow(NamedTuple):
    """A CI in a project since its first verdict there.

    ``place`` is 0 in its main project, then 1 and so on; None where it is not at home now.
    """

    ci_id: int
    project: str
    place: int | None
    first_at: datetime


class PeriodRow(NamedTuple):
    """From ``since`` on ``ci_id`` is the reference of a branch; None ends a period.

    The ``branch`` "" stands for all branches without a reference of their own.
    """

    project: str
    branch: str
    since: datetime
    ci_id: int | None


def put_records(tx: Tx, rows: Collection[RecordRow]) -> None:
    """Makes these the records of all CIs; only what differs is written."""
    replace_all(tx, schema.project_record, (), (row._asdict() for row in rows))


def put_periods(tx: Tx, rows: Collection[PeriodRow]) -> None:
    """Makes these the reference periods of all projects; only what differs is written."""
    replace_all(tx, schema.reference_period, (), (row._asdict() for row in rows))


def records_of(tx: Tx, ci_ids: Collection[int] | None = None) -> list[RecordRow]:
    """The projects in which some CIs, or all, ever gave a verdict."""
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


_RECORDS = select(*columns(RecordRow, schema.project_record))
_PERIODS = select(*columns(PeriodRow, schema.reference_period)).order_by(
    schema.reference_period.c.project,
    schema.reference_period.c.branch,
    schema.reference_period.c.since,
)
