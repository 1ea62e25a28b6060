"""What was heard lately, and when it happened: by that judging knows what came late.

A row bears the time at which its writer heard of it, and is seen when that has committed. So
judging looks back by `LOOK_BACK` each time, and who writes for long dates its rows again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import String, case, cast, func, literal, select, update

from cibot.store import schema
from cibot.store.engine import Tx

LOOK_BACK = timedelta(minutes=15)
"""How much earlier than now a row may be dated that is seen now: hosts' clocks differ, too."""
_LONG = timedelta(minutes=2)  # of a transaction
KNOWN, NEW, LATER = range(3)  # spans of time in which what is heard may have happened


class Arrived(NamedTuple):
    """What was heard in one second, in short: how many things, the sum of their keys.

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

    Summed up by the second in which it was heard, so that neither a backfill nor a busy server
    makes many rows, and for what happened until the first of ``spans`` (KNOWN), until the second
    (NEW), and LATER. ``since`` is a whole second.
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
        # MariaDB's sum is a Decimal
        Arrived(
            kind, datetime.fromisoformat(heard).replace(tzinfo=UTC), span, number, int(keys), first
        )
        for query in found
        for kind, heard, span, number, keys, first in tx.execute(query)
    ]


def _summed(
    kind: str, heard: Any, key: Any, at: Any, since: datetime, spans: tuple[datetime, datetime]
) -> Any:
    span = case((at <= spans[0], KNOWN), (at <= spans[1], NEW), else_=LATER)
    second = func.substr(cast(heard, String(26)), 1, 19)
    what = (literal(kind), second, span, func.count(), func.sum(key), func.min(at))
    return select(*what).where(heard >= since).group_by(second, span)


def date_again(tx: Tx, heard_at: datetime, took: timedelta) -> None:
    """Dates later by what the transaction took what it dated ``heard_at``, where that is long.

    Judging may have looked past that time by the time it commits.
    """
    if took < _LONG:
        return
    report, withdrawal, patch_set = schema.report, schema.withdrawal, schema.patch_set
    for column in (
        report.c.heard_at, withdrawal.c.heard_at, patch_set.c.heard_at,
        schema.change.c.closed_heard_at,
    ):  # fmt: skip
        tx.execute(update(column.table).where(column == heard_at).values({column: heard_at + took}))
