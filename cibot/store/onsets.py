"""What lies around the first bad run of a trouble: runs, merged changes, other CIs' results.

Every question is bounded by a number of reports or changes, and goes by a key.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order
from cibot.store.reports import VerdictRow
from cibot.store.rows import columns, select_reports

_AROUND = timedelta(days=14)
_MOST = 20  # reports on each side


class JobSet(NamedTuple):
    """The jobs of one report."""

    pipeline: str | None
    jobs: frozenset[str]


def job_sets_around(
    tx: Tx, ci_id: int, change_id: int, at: datetime
) -> tuple[list[JobSet], list[JobSet]]:
    """The jobs of the last reports before ``at``, and of the first ones from then on.

    Only of reports that passed on the change's project and branch, within 14 days.
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
    runs: list[list[JobSet]] = []
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
        runs.append(
            [_jobs(tx, change_id, seq, pipeline) for change_id, seq, pipeline in tx.execute(query)]
        )
    return runs[0], runs[1]


def _jobs(tx: Tx, change_id: int, seq: int, pipeline: str | None) -> JobSet:
    build = schema.build.c
    query = select(build.job).where(build.change_id == change_id, build.seq == seq)
    return JobSet(pipeline, frozenset(tx.execute(query).scalars()))


_REPORTS = 500  # of a CI that are looked through for a pass
_COUNTED = 1000  # merged changes; more are as good as many
_BAD = ("fail", "infra")
RESULTS = ("pass", *_BAD)


class RunRow(NamedTuple):
    """A CI's report that judges a patch set, with its change. Times are UTC."""

    change_id: int
    seq: int
    number: int
    project: str
    branch: str
    patch_set: int
    pipeline: str | None
    result: str
    posted_at: datetime


class ProjectBranch(NamedTuple):
    """A branch of a project of a server."""

    server_id: int
    project: str
    branch: str


class MergedRow(NamedTuple):
    """A change that was merged."""

    number: int
    subject: str
    merged_at: datetime


_RUNS = in_this_order(select_reports(RunRow))


def bad_runs_since(
    tx: Tx, ci_id: int, since: datetime, results: Collection[str], limit: int
) -> list[RunRow]:
    """The first runs of a CI that ended with one of ``results`` at that time or later."""
    table = schema.report.c
    bad = (table.result.in_(sorted(results)), table.patch_set.is_not(None))
    query = _RUNS.where(table.ci_id == ci_id, table.posted_at >= since, *bad)
    return [RunRow(*row) for row in tx.execute(query.order_by(table.posted_at).limit(limit))]


def bad_runs_on(tx: Tx, ci_id: int, change_id: int, patch_set: int) -> list[RunRow]:
    """The failed runs of a CI on a patch set, in the order they were posted."""
    table = schema.report.c
    query = _RUNS.where(
        table.change_id == change_id,
        table.ci_id == ci_id,
        table.patch_set == patch_set,
        table.result.in_(_BAD),
    ).order_by(table.posted_at)
    return [RunRow(*row) for row in tx.execute(query)]


@cache
def _last_pass(*, of_job: bool) -> Select[Any]:
    """The query of `last_pass`; the report's join is to what `_REPORTS` left."""
    report, change, build = schema.report.c, schema.change.c, schema.build.c
    names = ("change_id", "seq", "patch_set", "pipeline", "result", "posted_at")
    last = (
        select(*(report[name] for name in names))
        .where(report.ci_id == bindparam("ci_id"), report.posted_at < bindparam("before"))
        .order_by(report.posted_at.desc())
        .limit(_REPORTS)
        .subquery("last")
    )
    query = select(*columns(RunRow, last, schema.change))
    query = query.join(schema.change, change.id == last.c.change_id)
    passed: ColumnElement[bool] = last.c.result == "pass"
    if of_job:  # it may pass in a report that failed
        query = query.join(
            schema.build, (build.change_id == last.c.change_id) & (build.seq == last.c.seq)
        )
        passed = (build.job == bindparam("job")) & (build.result == "pass")
    place = [change[name] == bindparam(name) for name in ProjectBranch._fields]
    return in_this_order(
        query.where(passed, last.c.patch_set.is_not(None), *place)
        .order_by(last.c.posted_at.desc())
        .limit(1)
    )


def last_pass(
    tx: Tx, ci_id: int, place: ProjectBranch, before: datetime, job: str | None = None
) -> RunRow | None:
    """The last pass of a CI, or of its ``job``, on a branch before then, among its last reports."""
    values = {"ci_id": ci_id, "before": before, **place._asdict()}
    row = tx.execute(
        _last_pass(of_job=job is not None), values if job is None else values | {"job": job}
    ).one_or_none()
    return RunRow(*row) if row else None


def _at(place: ProjectBranch) -> list[ColumnElement[bool]]:
    """Conditions for changes of a branch."""
    return [schema.change.c[name] == value for name, value in place._asdict().items()]


def merged_between(
    tx: Tx, place: ProjectBranch, since: datetime, until: datetime, limit: int
) -> tuple[int, list[MergedRow]]:
    """How many changes (at most 1,000) were merged on a branch, and the first ``limit``."""
    table = schema.change.c
    merged = (table.status == "MERGED", table.closed_at >= since, table.closed_at < until)
    here = (*_at(place), *merged)
    query = select(table.number, table.subject, table.closed_at).where(*here)
    rows = [
        MergedRow(*row)
        for row in tx.execute(query.order_by(table.closed_at, table.id).limit(limit))
    ]
    if len(rows) < limit:
        return len(rows), rows
    counted = select(table.id).where(*here).limit(_COUNTED).subquery()
    return tx.execute(select(func.count()).select_from(counted)).scalar_one(), rows


def changes_around(tx: Tx, place: ProjectBranch, at: datetime, most: int) -> list[int]:
    """The changes of a branch that moved last before ``at``, and first after it.

    At most so many on each side.
    """
    table = schema.change.c
    before = select(table.id).where(*_at(place), table.updated_at < at)
    after = select(table.id).where(*_at(place), table.updated_at >= at)
    return [
        *tx.execute(before.order_by(table.updated_at.desc()).limit(most)).scalars(),
        *tx.execute(after.order_by(table.updated_at).limit(most)).scalars(),
    ]


def results_between(
    tx: Tx, change_ids: Collection[int], since: datetime, until: datetime
) -> list[VerdictRow]:
    """What all CIs made of some changes in ``since <= t <= until``, in the order posted."""
    table = schema.report.c
    query = (
        select(*columns(VerdictRow, schema.report))
        .where(
            table.change_id.in_(sorted(change_ids)),
            table.result.in_(RESULTS),
            table.posted_at >= since,
            table.posted_at <= until,
        )
        .order_by(table.posted_at, table.change_id, table.seq)
    )
    return [VerdictRow(*row) for row in tx.execute(query)]
