"""Rows of reports and builds: what the CIs' comments say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.bulk import insert_rows
from cibot.store.engine import Tx
from cibot.store.rows import at_keys, columns, in_chunks
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


def cis_heard_since(tx: Tx, since: datetime) -> set[int]:
    """The CIs whose reports were stored since then, by any process."""
    table = schema.report.c
    # The sum keeps SQLite from walking all reports in the order of ci_id.
    query = select((table.ci_id + 0).label("ci_id")).where(table.heard_at >= since).distinct()
    return set(tx.execute(query).scalars())
