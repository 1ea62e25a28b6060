"""Questions about one CI or all: each bounded, each served by an index."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order


class CiRow(NamedTuple):
    """A CI as stored: its name, where it is known from, and since when."""

    id: int
    name: str
    origin: str
    created_at: datetime


class CiName(NamedTuple):
    """What tells one CI from another."""

    id: int
    name: str


class HeardReport(NamedTuple):
    """A report of a CI with its change, newest first where it comes in a list."""

    ci_id: int
    change_id: int
    seq: int
    number: int
    project: str
    subject: str
    patch_set: int | None
    pipeline: str | None
    outcome: str | None
    result: str | None
    posted_at: datetime
    uploaded_at: datetime | None


def ci_rows(tx: Tx) -> list[CiRow]:
    """Every CI, by name."""
    table = schema.ci.c
    query = select(table.id, table.name, table.origin, table.created_at).order_by(table.name)
    return [CiRow._make(row) for row in tx.execute(query)]


def ci_names(tx: Tx) -> list[CiName]:
    """Every CI's name: all that is needed to find the one that is meant."""
    query = select(schema.ci.c.id, schema.ci.c.name)
    return [CiName._make(row) for row in tx.execute(query)]


def last_heard(tx: Tx) -> dict[int, datetime]:
    """When each CI last wrote, by its id: one look into the index for each.

    For a maximum MariaDB would read all of the index.
    """
    report = schema.report.c
    last = (
        select(report.posted_at)
        .where(report.ci_id == schema.ci.c.id)
        .order_by(report.posted_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return {row[0]: row[1] for row in tx.execute(select(schema.ci.c.id, last)) if row[1]}


def heard_reports() -> Any:
    """A SELECT of `HeardReport` rows, for the caller to narrow."""
    report, change, patch_set = schema.report, schema.change, schema.patch_set
    return in_this_order(
        select(
            report.c.ci_id,
            report.c.change_id,
            report.c.seq,
            change.c.number,
            change.c.project,
            change.c.subject,
            report.c.patch_set,
            report.c.pipeline,
            report.c.outcome,
            report.c.result,
            report.c.posted_at,
            patch_set.c.uploaded_at,
        )
        .join(change, change.c.id == report.c.change_id)
        .outerjoin(
            patch_set,
            (patch_set.c.change_id == report.c.change_id)
            & (patch_set.c.number == report.c.patch_set),
        )
    )


def latest_reports(
    tx: Tx,
    ci_id: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    judging: bool = False,
    limit: int = 1,
) -> list[HeardReport]:
    """The newest reports of a CI in ``since <= t < until``, newest first.

    ``judging`` leaves out those that judge nothing: started, notices, not understood.
    """
    table = schema.report.c
    query = heard_reports().where(table.ci_id == ci_id)
    if since is not None:
        query = query.where(table.posted_at >= since)
    if until is not None:
        query = query.where(table.posted_at < until)
    if judging:
        query = query.where(table.result.is_not(None), table.patch_set.is_not(None))
    query = query.order_by(table.posted_at.desc(), table.change_id.desc(), table.seq.desc())
    return [HeardReport(*row) for row in tx.execute(query.limit(limit))]


def account_names(tx: Tx, ci_id: int, limit: int = 10) -> list[str]:
    """What the accounts of a CI are called, by username where they have one."""
    table = schema.account.c
    query = (
        select(func.coalesce(table.username, table.name, table.email, table.identity))
        .where(table.ci_id == ci_id)
        .order_by(table.id)
    )
    return list(tx.execute(query.limit(limit)).scalars())
