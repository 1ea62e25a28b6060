"""How long a CI took, day by day: a sample of each day, however much it runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, exists, select

from cibot.store import schema
from cibot.store.engine import Tx


class TimedVerdict(NamedTuple):
    """A CI's first verdict on a patch set in a pipeline. Times are UTC."""

    pipeline: str | None
    posted_at: datetime
    uploaded_at: datetime


def first_verdicts(
    tx: Tx,
    ci_id: int,
    spans: Sequence[tuple[datetime, datetime]],
    each: int,
    branch: str | None = None,
) -> list[TimedVerdict]:
    """The newest first verdicts of each span ``since <= t < until``.

    At most ``each`` of a span, read from the end of the CI's part of an index. Verdicts of rechecks
    are left out: they waited for people.
    """
    query, change = _first_verdicts(), schema.change.c
    if branch is not None:
        query = query.join(schema.change, change.id == schema.report.c.change_id)
        query = query.where(change.branch == branch)
    verdicts: list[TimedVerdict] = []
    for since, until in spans:
        values = {"ci": ci_id, "since": since, "until": until, "each": each}
        verdicts += [TimedVerdict(*row) for row in tx.execute(query, values)]
    return verdicts


def _first_verdicts() -> Any:
    report, patch_set = schema.report.c, schema.patch_set.c
    before = schema.report.alias().c
    again = exists().where(
        before.change_id == report.change_id,
        # The sum keeps SQLite from walking all that the CI ever said.
        before.ci_id + 0 == report.ci_id,
        before.patch_set == report.patch_set,
        before.pipeline.is_not_distinct_from(report.pipeline),
        before.result.is_not(None),
        before.result != "skipped",
        before.posted_at < report.posted_at,
    )
    on = and_(patch_set.change_id == report.change_id, patch_set.number == report.patch_set)
    return (
        select(report.pipeline, report.posted_at, patch_set.uploaded_at)
        .join_from(schema.report, schema.patch_set, on)
        .where(
            report.ci_id == bindparam("ci"),
            report.posted_at >= bindparam("since"),
            report.posted_at < bindparam("until"),
            report.result.is_not(None),
            report.result != "skipped",
            ~again,
        )
        .order_by(report.posted_at.desc())
        .limit(bindparam("each"))
    )
