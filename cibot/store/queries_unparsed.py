"""Comments of CIs that were not understood."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order

MOST_CHARACTERS = 20_000  # of a comment: whole but for the largest


class UnparsedComment(NamedTuple):
    """One comment that no format understood, with who wrote it."""

    ci_id: int
    number: int
    patch_set: int | None
    posted_at: datetime
    text: str
    tag: str | None
    username: str | None
    name: str | None


def unparsed_of(
    tx: Tx, ci_id: int, since: datetime, limit: int, characters: int = MOST_CHARACTERS
) -> list[UnparsedComment]:
    """A CI's comments since then that were not understood, newest first.

    Walks the end of the CI's part of an index; at most ``limit`` are read, and of each
    the first ``characters``.
    """
    report, comment = schema.report, schema.comment
    change, account = schema.change, schema.account
    query = in_this_order(
        select(
            report.c.ci_id,
            change.c.number,
            report.c.patch_set,
            report.c.posted_at,
            func.substr(comment.c.text, 1, characters),
            comment.c.tag,
            account.c.username,
            account.c.name,
        )
        .select_from(report)
        .join(
            comment, (comment.c.change_id == report.c.change_id) & (comment.c.seq == report.c.seq)
        )
        .join(change, change.c.id == report.c.change_id)
        .outerjoin(account, account.c.id == comment.c.account_id)
        .where(report.c.ci_id == ci_id, report.c.posted_at >= since, report.c.outcome.is_(None))
        .order_by(report.c.posted_at.desc(), report.c.change_id.desc(), report.c.seq.desc())
        .limit(limit)
    )
    return [UnparsedComment(*row) for row in tx.execute(query)]
