"""What judging reads: a CI's reports, the reference's, and the patch sets that were due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order


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
