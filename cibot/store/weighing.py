"""What weighing a failure reads: the past of a CI's jobs, and which patch sets have new code.

Every question is bounded by a number of reports or changes, and goes by a key.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from cibot.model import UNCHANGED
from cibot.store import schema
from cibot.store.engine import Tx, in_this_order

_CHUNK = 500
_STARTS_TOO = 3  # as many comments of a CI are looked at for each judging one


class LastReport(NamedTuple):
    """A judging report of a CI. Times are UTC."""

    change_id: int
    seq: int
    patch_set: int
    posted_at: datetime
    result: str


class JobResult(NamedTuple):
    """A voting build that ran."""

    job: str
    result: str


class SaidRow(NamedTuple):
    """That a CI passed or failed a patch set."""

    ci_id: int
    change_id: int
    patch_set: int
    result: str


@cache
def _last_results() -> tuple[Select[Any], Select[Any]]:
    """The queries of `last_results`, which would take longer to make than to run."""
    report, build = schema.report.c, schema.build.c
    heard = (  # starts and notices are read past, but not without end
        select(*(report[name] for name in LastReport._fields))
        .where(report.ci_id == bindparam("ci_id"))
        .order_by(report.posted_at.desc())
        .limit(bindparam("heard"))
        .subquery("heard")
    )
    last = (
        select(heard)
        .where(heard.c.patch_set.is_not(None), heard.c.result.in_(("pass", "fail", "infra")))
        .order_by(heard.c.posted_at.desc())
        .limit(bindparam("reports"))
        .subquery("last")
    )
    builds = in_this_order(
        select(build.change_id, build.seq, build.job, build.result)
        .select_from(last)
        .join(schema.build, (build.change_id == last.c.change_id) & (build.seq == last.c.seq))
        .where(build.voting, build.result != "skipped")
    )
    return select(last), builds


def last_results(
    tx: Tx, ci_id: int, reports: int
) -> tuple[list[LastReport], dict[tuple[int, int], list[JobResult]]]:
    """A CI's last ``reports`` judging reports, in the order they were posted.

    With the builds of each by (change, seq). Of a CI that writes little else than
    starts and notices, fewer.
    """
    of_reports, of_builds = _last_results()
    values = {"ci_id": ci_id, "reports": reports, "heard": reports * _STARTS_TOO}
    told = [LastReport(*row) for row in tx.execute(of_reports, values)]
    builds: dict[tuple[int, int], list[JobResult]] = {}
    for change_id, seq, job, result in tx.execute(of_builds, values):
        builds.setdefault((change_id, seq), []).append(JobResult(job, result))
    return sorted(told, key=lambda row: row.posted_at), builds


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
