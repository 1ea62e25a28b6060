"""Which jobs a CI's passing reports had around a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order

_AROUND = timedelta(days=14)
_MOST = 20  # reports on each side


class JobSet(NamedTuple):
    """The jobs of one report."""

    pipeline: str | None
    jobs: frozenset[str]


def job_sets_around(
    tx: Tx, ci_id: int, change_id: int, at: datetime
) -> tuple[list[JobSet], list[JobSet]]:
    """Those of the last reports before and of the first ones from then on, within 14 days.

    Of reports that passed on the project and branch of a change.
    """
    report, change = schema.report.c, schema.change.c
    place = tx.execute(select(change.project, change.branch).where(change.id == change_id)).first()
    if place is None:
        return [], []
    posted = report.posted_at
    sides = (
        ((posted >= at - _AROUND, posted < at), posted.desc()),
        ((posted >= at, posted <= at + _AROUND), posted.asc()),
    )
    found: list[list[JobSet]] = []
    for side, order in sides:
        query = in_this_order(
            select(report.change_id, report.seq, report.pipeline)
            .select_from(schema.report)
            .join(schema.change, change.id == report.change_id)
            .where(report.ci_id == ci_id, *side, report.result == "pass")
            .where(change.project == place.project, change.branch == place.branch)
            .order_by(order)
            .limit(_MOST)
        )
        found.append(
            [_jobs(tx, change_id, seq, pipeline) for change_id, seq, pipeline in tx.execute(query)]
        )
    return found[0], found[1]


def _jobs(tx: Tx, change_id: int, seq: int, pipeline: str | None) -> JobSet:
    build = schema.build.c
    query = select(build.job).where(build.change_id == change_id, build.seq == seq)
    return JobSet(pipeline, frozenset(tx.execute(query).scalars()))
