"""What judging reads: a CI's reports, the reference's, and the patch sets that were due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order

_CHUNK = 500


class DuePatchSet(NamedTuple):
    """A patch set that a CI reported on, and what became of it. Times are UTC.

    ``superseded_at`` is when the next patch set came; ``status`` and
    ``updated_at`` are the change's.
    """

    change_id: int
    number: int
    patch_set: int
    project: str
    branch: str
    status: str
    uploaded_at: datetime
    superseded_at: datetime | None
    updated_at: datetime


def patch_sets_judged_by(
    tx: Tx, ci_id: int, projects: Collection[str], since: datetime, until: datetime
) -> list[DuePatchSet]:
    """Patch sets of some projects on which a CI has given a verdict.

    They came in ``since <= t < until``.
    """
    report, change = schema.report, schema.change
    this, following = schema.patch_set, schema.patch_set.alias("following")
    query = in_this_order(
        select(
            change.c.id,
            change.c.number,
            this.c.number,
            change.c.project,
            change.c.branch,
            change.c.status,
            this.c.uploaded_at,
            following.c.uploaded_at,
            change.c.updated_at,
        )
        .select_from(report)
        .join(change, change.c.id == report.c.change_id)
        .join(
            this, (this.c.change_id == report.c.change_id) & (this.c.number == report.c.patch_set)
        )
        .outerjoin(
            following,
            (following.c.change_id == this.c.change_id) & (following.c.number == this.c.number + 1),
        )
        .where(
            report.c.ci_id == ci_id,
            report.c.result.in_(("pass", "fail")),
            report.c.posted_at >= since,
            change.c.project.in_(projects),
            this.c.uploaded_at >= since,
            this.c.uploaded_at < until,
        )
        .distinct()
        .order_by(this.c.uploaded_at, change.c.id, this.c.number)
    )
    return [DuePatchSet(*row) for row in tx.execute(query)]


class Attempt(NamedTuple):
    """One verdict of the reference CI."""

    change_id: int
    patch_set: int
    pipeline: str | None
    result: str
    posted_at: datetime


def attempts_on(tx: Tx, ci_id: int, change_ids: Collection[int]) -> list[Attempt]:
    """A CI's verdicts on some changes, in the order they were posted."""
    table = schema.report.c
    found: list[Attempt] = []
    ordered = sorted(change_ids)
    for start in range(0, len(ordered), _CHUNK):
        query = select(
            table.change_id, table.patch_set, table.pipeline, table.result, table.posted_at
        ).where(
            table.change_id.in_(ordered[start : start + _CHUNK]),
            table.ci_id == ci_id,
            table.result.is_not(None),
            table.patch_set.is_not(None),
        )
        found.extend(Attempt(*row) for row in tx.execute(query))
    return sorted(found, key=lambda one: (one.posted_at, one.change_id, one.patch_set))


def last_report_of(tx: Tx, ci_id: int) -> datetime | None:
    """When a CI last wrote anything at all."""
    found: datetime | None = tx.execute(
        select(func.max(schema.report.c.posted_at)).where(schema.report.c.ci_id == ci_id)
    ).scalar()
    return found


def servers_of(tx: Tx, ci_id: int) -> set[int]:
    """The servers on which a CI has accounts."""
    query = select(schema.account.c.server_id).where(schema.account.c.ci_id == ci_id)
    return set(tx.execute(query.distinct()).scalars())


def heard_at(tx: Tx) -> dict[int, datetime]:
    """When each server was last heard over any of its live feeds."""
    table = schema.feed.c
    query = (
        select(table.server_id, func.max(table.heard_at))
        .where(table.name.in_(("poll", "webhook")), table.heard_at.is_not(None))
        .group_by(table.server_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}
