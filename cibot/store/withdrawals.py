"""Deletes what should not be stored: comments that Gerrit does not have, private changes.

A CI that loses reports is judged again from before them: its tracker learns of the loss as of a
late report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.bulk import insert_rows
from cibot.store.comments import drop_comments
from cibot.store.engine import Tx
from cibot.store.reports import DroppedReport, drop_reports
from cibot.store.tally import Tally

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
    if not keys:
        return set()
    dropped = drop_reports(tx, keys, tally)
    drop_comments(tx, keys)
    return withdraw(tx, dropped, now)


def withdraw_changes(tx: Tx, ids: Sequence[int], tally: Tally, now: datetime) -> set[int]:
    """Deletes changes with all that was said on them; returns the CIs that lost a report."""
    cis: set[int] = set()
    comment = schema.comment.c
    for row_id in sorted(ids):
        seqs = tx.execute(select(comment.seq).where(comment.change_id == row_id)).scalars().all()
        cis |= withdraw_comments(tx, {(row_id, seq) for seq in seqs}, tally, now)
        tx.execute(delete(schema.patch_set).where(schema.patch_set.c.change_id == row_id))
        tx.execute(delete(schema.change).where(schema.change.c.id == row_id))
    return cis
