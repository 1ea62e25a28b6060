"""What weighing a failure reads: the past of a CI's jobs, and which patch sets have new code.

Every question is bounded by a number of reports or changes, and goes by a key.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select

from cibot.model import UNCHANGED
from cibot.store import schema
from cibot.store.engine import Tx, in_this_order

_CHUNK = 500


class JobResultRow(NamedTuple):
    """A voting build that ran, or a report that named none (``job`` None). Times are UTC."""

    change_id: int
    patch_set: int
    posted_at: datetime
    outcome: str
    report_result: str
    job: str | None
    word: str | None
    result: str | None


class SaidRow(NamedTuple):
    """That a CI passed or failed a patch set."""

    ci_id: int
    change_id: int
    patch_set: int
    result: str


def job_results(tx: Tx, ci_id: int, reports: int) -> list[JobResultRow]:
    """The builds of a CI's last ``reports`` understood reports, in the order they were posted."""
    report, build = schema.report, schema.build
    last = (
        select(
            report.c.change_id,
            report.c.seq,
            report.c.patch_set,
            report.c.posted_at,
            report.c.outcome,
            report.c.result,
        )
        .where(report.c.ci_id == bindparam("ci_id"))
        .order_by(report.c.posted_at.desc())
        .limit(bindparam("reports"))
        .subquery("last")
    )
    query = in_this_order(
        select(
            last.c.change_id,
            last.c.patch_set,
            last.c.posted_at,
            last.c.outcome,
            last.c.result,
            build.c.job,
            build.c.word,
            build.c.result,
        )
        .join_from(
            last,
            build,
            (build.c.change_id == last.c.change_id)
            & (build.c.seq == last.c.seq)
            & build.c.voting
            & (build.c.result != "skipped"),
            isouter=True,
        )
        .where(last.c.patch_set.is_not(None), last.c.result.in_(("pass", "fail", "infra")))
    )
    rows = tx.execute(query, {"ci_id": ci_id, "reports": reports})
    return sorted((JobResultRow(*row) for row in rows), key=lambda row: row.posted_at)


def said_of(tx: Tx, ci_ids: Collection[int], change_ids: Sequence[int]) -> list[SaidRow]:
    """Where some CIs passed or failed on some changes, in the order they were posted."""
    table = schema.report.c
    found: list[SaidRow] = []
    ordered = sorted(change_ids)
    for start in range(0, len(ordered), _CHUNK):
        query = (
            select(table.ci_id, table.change_id, table.patch_set, table.result)
            .where(
                table.change_id.in_(ordered[start : start + _CHUNK]),
                table.ci_id.in_(sorted(ci_ids)),
                table.result.in_(("pass", "fail")),
                table.patch_set.is_not(None),
            )
            .order_by(table.posted_at)
        )
        found += [SaidRow(*row) for row in tx.execute(query)]
    return found


def unchanged_patch_sets(tx: Tx, change_ids: Collection[int]) -> set[tuple[int, int]]:
    """The patch sets (change, number) that have the code of the one before."""
    table = schema.patch_set.c
    kinds = sorted(kind.value for kind in UNCHANGED)
    found: set[tuple[int, int]] = set()
    ordered = sorted(change_ids)
    for start in range(0, len(ordered), _CHUNK):
        query = select(table.change_id, table.number).where(
            table.change_id.in_(ordered[start : start + _CHUNK]), table.kind.in_(kinds)
        )
        found |= {(row.change_id, row.number) for row in tx.execute(query)}
    return found
