"""Rows of reports and builds: what the CIs' comments say, and what is not to be stored any more.

A CI that loses reports is judged again from before them: its tracker learns of the loss as of a
late report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.comments import drop_comments
from cibot.store.engine import Tx
from cibot.store.rows import at_keys, columns, in_chunks, insert_rows, rows_in
from cibot.store.tally import Tally


class StoredBuild(NamedTuple):
    """A build of a report."""

    change_id: int
    seq: int
    job: str
    word: str
    result: str
    voting: bool
    duration_s: float | None
    url: str | None


def put_reports(
    tx: Tx,
    reports: Sequence[Mapping[str, Any]],
    builds: Sequence[Mapping[str, Any]],
    tally: Tally,
) -> None:
    """Stores the reports of new comments, and their builds."""
    insert_rows(tx, schema.report, reports)
    insert_rows(tx, schema.build, builds)
    tally.add(reports)


class DroppedReport(NamedTuple):
    """A report that was deleted."""

    ci_id: int
    posted_at: datetime


def drop_reports(tx: Tx, keys: Collection[tuple[int, int]], tally: Tally) -> list[DroppedReport]:
    """Deletes what comments were read as, as before they are read again; returns what it was."""
    report = schema.report
    dropped: list[DroppedReport] = []
    for some in in_chunks(keys):
        # Locked: another process that parses the same comments must not subtract them, too.
        query = select(report.c.ci_id, report.c.posted_at, report.c.outcome, report.c.result)
        gone = tx.execute(query.where(*at_keys(report, some)).with_for_update()).all()
        for table in (schema.build, report):
            tx.execute(delete(table).where(*at_keys(table, some)))
        tally.add((dict(row._mapping) for row in gone), -1)
        dropped.extend(DroppedReport(row.ci_id, row.posted_at) for row in gone)
    return dropped


def written_reports(
    tx: Tx, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[Any, ...]]:
    """The stored reading of some comments: CI, patch set, pipeline, outcome, result and builds."""
    report = schema.report.c
    builds = builds_of(tx, keys)
    rows: dict[tuple[int, int], tuple[Any, ...]] = {}
    query = select(
        report.change_id, report.seq, report.ci_id, report.patch_set, report.pipeline,
        report.outcome, report.result,
    )  # fmt: skip
    for some in in_chunks(keys):
        for change_id, seq, *values in tx.execute(query.where(*at_keys(schema.report, some))):
            ran = tuple(build[2:] for build in builds.get((change_id, seq), ()))
            rows[change_id, seq] = (*values, ran)
    return rows


def builds_of(
    tx: Tx, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], list[StoredBuild]]:
    """The builds of some reports, by (change, seq), in the order they were written."""
    builds: dict[tuple[int, int], list[StoredBuild]] = {}
    for some in in_chunks(keys):
        for row in tx.execute(_BUILDS.where(*at_keys(schema.build, some))):
            builds.setdefault((row.change_id, row.seq), []).append(StoredBuild(*row))
    return builds


_BUILDS = select(*columns(StoredBuild, schema.build)).order_by(
    schema.build.c.change_id, schema.build.c.seq, schema.build.c.idx
)


class VerdictRow(NamedTuple):
    """That a CI reported on a patch set, and what it counts as (None: it judges nothing)."""

    change_id: int
    seq: int
    ci_id: int
    patch_set: int
    pipeline: str | None
    outcome: str
    result: str | None
    posted_at: datetime


def verdicts_on(tx: Tx, change_ids: Sequence[int]) -> list[VerdictRow]:
    """Every understood report on some changes, in the order they were posted."""
    table = schema.report.c
    query = (
        select(*columns(VerdictRow, schema.report))
        .where(table.patch_set.is_not(None), table.outcome.is_not(None))
        .order_by(table.posted_at, table.change_id, table.seq)
    )
    return [VerdictRow(*row) for row in rows_in(tx, query, table.change_id, change_ids)]


def cis_heard_since(tx: Tx, since: datetime) -> set[int]:
    """The CIs whose reports were stored since then, by any process."""
    table = schema.report.c
    # The sum keeps SQLite from walking all reports in the order of ci_id.
    query = select((table.ci_id + 0).label("ci_id")).where(table.heard_at >= since).distinct()
    return set(tx.execute(query).scalars())


_KEPT_FOR = timedelta(days=90)  # a tracker that was stored longer ago is not gone on with


def withdraw(tx: Tx, dropped: Iterable[DroppedReport], now: datetime) -> set[int]:
    """Records that reports are gone; returns the ids of their CIs."""
    earliest: dict[int, datetime] = {}
    for report in dropped:
        first = earliest.get(report.ci_id)
        earliest[report.ci_id] = min(first or report.posted_at, report.posted_at)
    if earliest:
        table = schema.withdrawal
        tx.execute(delete(table).where(table.c.heard_at < now - _KEPT_FOR))
        insert_rows(
            tx,
            table,
            [
                {"ci_id": ci_id, "posted_at": at, "heard_at": now}
                for ci_id, at in sorted(earliest.items())
            ],
        )
    return set(earliest)


def withdraw_comments(
    tx: Tx, keys: Collection[tuple[int, int]], tally: Tally, now: datetime
) -> set[int]:
    """Deletes comments (change, seq) with their reports; returns the CIs that lost one."""
    dropped = drop_reports(tx, keys, tally)
    drop_comments(tx, keys)
    return withdraw(tx, dropped, now)
