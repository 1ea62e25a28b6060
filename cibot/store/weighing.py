"""Queries for weighing a failure: the past of a CI's jobs, and which patch sets have new code.

Every question is bounded by a number of reports or changes, and goes by a key.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache, reduce
from typing import Any, NamedTuple

from sqlalchemy import Select, String, bindparam, cast, func, select, union_all

from cibot.model import UNCHANGED
from cibot.store import schema
from cibot.store.engine import Tx, in_this_order
from cibot.store.rows import rows_in

_STARTS_TOO = 3  # as many comments of a CI are looked at for each judging one


class JobResult(NamedTuple):
    """A voting build that ran."""

    result: str
    job: str


class LastReport(NamedTuple):
    """A judging report of a CI, with its voting builds that ran. Times are UTC."""

    ci_id: int
    change_id: int
    patch_set: int
    posted_at: datetime
    result: str
    jobs: tuple[JobResult, ...]


class SaidRow(NamedTuple):
    """A CI passed or failed a patch set."""

    ci_id: int
    change_id: int
    patch_set: int
    result: str


def _lines(*columns: Any) -> Any:
    """The rows of a group as one text, a line each: PyMySQL takes longest for each row it reads."""
    words = [cast(column, String) + " " for column in columns[:-1]]
    last = func.replace(columns[-1], "\n", " ")  # a job is called what strangers call it
    return func.aggregate_strings(reduce(operator.add, [*words, last]), "\n")


@cache
def _last_results(cis: int) -> Select[Any]:
    """The query of `last_results` for so many CIs, which would take longer to make than to run."""
    report, build = schema.report.c, schema.build.c
    parts = []
    for place in range(cis):
        heard = (  # starts and notices are read past, but not without end
            select(report.seq, *(report[name] for name in LastReport._fields[:-1]))
            .where(report.ci_id == bindparam(f"ci_{place}"))
            .order_by(report.posted_at.desc())
            .limit(bindparam(f"heard_{place}"))
            .subquery()
        )
        last = (
            select(heard)
            .where(heard.c.patch_set.is_not(None), heard.c.result.in_(("pass", "fail", "infra")))
            .order_by(heard.c.posted_at.desc())
            .limit(bindparam(f"reports_{place}"))
            .subquery()
        )
        parts.append(select(last))
    reports = union_all(*parts).subquery().c
    jobs = select(_lines(build.result, build.job)).where(
        build.change_id == reports.change_id,
        build.seq == reports.seq,
        build.voting,
        build.result != "skipped",
    )
    return select(*(reports[name] for name in LastReport._fields[:-1]), jobs.scalar_subquery())


def last_results(tx: Tx, reports: Mapping[int, int]) -> list[LastReport]:
    """The last judging reports of some CIs, so many of each, in the order they were posted.

    Of a CI that writes little else than starts and notices, fewer.
    """
    if not reports:
        return []
    values: dict[str, int] = {}
    jobs_in = cache(_jobs_in)  # most reports are alike
    for place, (ci_id, n) in enumerate(reports.items()):
        values |= {f"ci_{place}": ci_id, f"heard_{place}": n * _STARTS_TOO, f"reports_{place}": n}
    rows = tx.execute(_last_results(len(reports)), values)
    last = [LastReport._make((*row[:-1], jobs_in(row[-1]))) for row in rows]
    return sorted(last, key=lambda report: report.posted_at)


def _jobs_in(lines: str | None) -> tuple[JobResult, ...]:
    written = lines.split("\n") if lines else ()
    return tuple(JobResult(*line.split(" ", 1)) for line in written)


def said_of(tx: Tx, ci_ids: Collection[int], change_ids: Collection[int]) -> list[SaidRow]:
    """Where some CIs passed or failed on some changes, on each in the order they were posted."""
    table = schema.report.c
    lines = _lines(table.posted_at, table.ci_id, table.patch_set, table.result)
    reports: list[SaidRow] = []
    query = (
        select(table.change_id, lines)
        .where(table.ci_id.in_(sorted(ci_ids)), table.result.in_(("pass", "fail")))
        .where(table.patch_set.is_not(None))
        .group_by(table.change_id)
    )
    for change_id, said in rows_in(tx, query, table.change_id, change_ids):
        for line in sorted(said.split("\n")):
            ci_id, patch_set, result = line.split(" ")[-3:]
            reports.append(SaidRow(int(ci_id), change_id, int(patch_set), result))
    return reports


def unchanged_patch_sets(tx: Tx, change_ids: Collection[int]) -> set[tuple[int, int]]:
    """The patch sets (change, number) that have the code of the one before."""
    table = schema.patch_set.c
    kinds = sorted(kind.value for kind in UNCHANGED)
    query = select(table.change_id, table.number).where(table.kind.in_(kinds))
    rows = rows_in(tx, query, table.change_id, change_ids)
    return {(row.change_id, row.number) for row in rows}


def last_patch_sets(tx: Tx, change_ids: Collection[int]) -> dict[int, int]:
    """The last patch set of each of some changes on which somebody reported."""
    table = schema.report.c
    query = select(table.change_id, func.max(table.patch_set)).where(table.outcome.is_not(None))
    rows = rows_in(tx, query.group_by(table.change_id), table.change_id, change_ids)
    return {change_id: number for change_id, number in rows if number}


def failed_patch_sets(
    tx: Tx,
    ci_ids: Collection[int],
    since: datetime,
    until: datetime,
    limit: int,
    branches: Collection[str] | None = None,
) -> list[tuple[int, int]]:
    """(change, patch set) of the last failures of some CIs on open changes, newest first.

    They were heard in ``since <= t < until``; the same patch set may come several times.
    """
    report, change = schema.report.c, schema.change.c
    query = in_this_order(
        select(report.change_id, report.patch_set)
        .join(schema.change, change.id == report.change_id)
        .where(
            report.heard_at >= since,
            report.heard_at < until,
            report.posted_at >= since,
            report.ci_id.in_(sorted(ci_ids)),
            report.result.in_(("fail", "infra")),
            report.patch_set.is_not(None),
            change.status == "NEW",
            *(() if branches is None else (change.branch.in_(sorted(branches)),)),
        )
        .order_by(report.heard_at.desc(), report.ci_id.desc())
        .limit(limit)
    )
    return [(row.change_id, row.patch_set) for row in tx.execute(query)]
