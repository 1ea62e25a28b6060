"""What was heard lately, and when it happened: by that judging knows what came late."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, literal, select

from cibot.store import schema
from cibot.store.engine import Tx

KNOWN, NEW, LATER = range(3)  # spans of time in which what is heard may have happened


class Arrived(NamedTuple):
    """What was heard at one moment, in short: how many things, the sum of their keys.

    ``span`` is KNOWN, NEW or LATER: in which of the asked spans it happened.
    """

    kind: str
    heard_at: datetime
    span: int
    number: int
    keys: int
    first_at: datetime


def arrived(
    tx: Tx,
    ci_ids: Collection[int],
    projects: Collection[str],
    since: datetime,
    spans: tuple[datetime, datetime],
) -> list[Arrived]:
    """What was heard since then of some CIs, and of the changes of some projects.

    Summed up for each moment at which something was heard, since a backfill brings much at
    once, and for what happened until the first of ``spans`` (KNOWN), until the second (NEW),
    and LATER.
    """
    report, change, patch_set = schema.report.c, schema.change.c, schema.patch_set.c
    homes = sorted(projects)
    # The sum keeps SQLite from walking all reports in the order of ci_id.
    reports = _summed(
        "report", report.heard_at, report.change_id + report.seq, report.posted_at, since, spans
    ).where((report.ci_id + 0).in_(sorted(ci_ids)))
    uploads = _summed(
        "upload", patch_set.heard_at, patch_set.change_id + patch_set.number,
        patch_set.uploaded_at, since, spans,
    ).join(schema.change, change.id == patch_set.change_id)  # fmt: skip
    ends = _summed(
        "end", change.closed_heard_at, change.id * 2 + case((change.status == "NEW", 0), else_=1),
        func.coalesce(change.closed_at, change.created_at), since, spans,
    )  # fmt: skip
    withdrawal = schema.withdrawal.c
    withdrawn = _summed(
        "withdrawal", withdrawal.heard_at, withdrawal.id, withdrawal.posted_at, since, spans
    ).where(withdrawal.ci_id.in_(sorted(ci_ids)))
    found = [reports, withdrawn]
    if homes:
        found += [query.where(change.project.in_(homes)) for query in (uploads, ends)]
    return [
        Arrived(kind, heard, span, number, int(keys), first)  # MariaDB's sum is a Decimal
        for query in found
        for kind, heard, span, number, keys, first in tx.execute(query)
    ]


def _summed(
    kind: str, heard: Any, key: Any, at: Any, since: datetime, spans: tuple[datetime, datetime]
) -> Any:
    span = case((at <= spans[0], KNOWN), (at <= spans[1], NEW), else_=LATER)
    what = (literal(kind), heard, span, func.count(), func.sum(key), func.min(at))
    return select(*what).where(heard >= since).group_by(heard, span)
