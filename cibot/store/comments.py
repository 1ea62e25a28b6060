"""Rows of comments of people and CIs, stored whole so that they can be parsed again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, or_, select, tuple_, update

from cibot.model import NOTE
from cibot.store import schema
from cibot.store.engine import Tx, in_this_order
from cibot.store.rows import at_keys, columns, in_chunks, insert_rows, newest_first


class StoredComment(NamedTuple):
    """What a message is compared with to see whether it is stored; without the text."""

    change_id: int
    seq: int
    account_id: int | None
    posted_at: datetime
    message_id: str | None
    event_at: datetime | None
    position: int | None
    tag: str | None
    digest: int
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommentText:
    """A stored comment with its text, to be read again."""

    change_id: int
    seq: int
    account_id: int | None
    patch_set: int | None
    posted_at: datetime
    tag: str | None
    text: str
    votes: str | None


_KNOWN = (
    select(*columns(StoredComment, schema.comment))
    .where(schema.comment.c.change_id.in_(bindparam("changes", expanding=True)))
    .order_by(schema.comment.c.change_id, schema.comment.c.seq)
)


_LAST = (
    select(schema.comment.c.change_id, func.max(schema.comment.c.seq).label("seq"))
    .where(schema.comment.c.change_id.in_(bindparam("changes", expanding=True)))
    .group_by(schema.comment.c.change_id)
    .subquery("newest")
)
_ALIKE = _KNOWN.join(_LAST, _LAST.c.change_id == schema.comment.c.change_id).where(
    schema.comment.c.digest.in_(bindparam("digests", expanding=True))
    | (schema.comment.c.seq == _LAST.c.seq)
)


def known_comments(
    tx: Tx, change_ids: Sequence[int], digests: Collection[int] | None = None
) -> dict[int, list[StoredComment]]:
    """The comments stored for some changes, by change, in the order they came.

    With ``digests`` only those with one of these, and the newest of each change:
    a change may have hundreds, of which an event concerns one.
    """
    comments: dict[int, list[StoredComment]] = {}
    query, given = (_KNOWN, {}) if digests is None else (_ALIKE, {"digests": sorted(digests)})
    for some in in_chunks(change_ids):
        for row in tx.execute(query, {"changes": some} | given):
            comments.setdefault(row[0], []).append(StoredComment._make(row))
    return comments


def claim_events(tx: Tx, rows: Collection[StoredComment]) -> None:
    """Marks comments that an event has brought, too, and when."""
    table = schema.comment
    for row in rows:
        tx.execute(
            update(table)
            .where(table.c.change_id == row.change_id, table.c.seq == row.seq)
            .values(event_at=row.event_at)
        )


def drop_comments(tx: Tx, keys: Collection[tuple[int, int]]) -> None:
    """Deletes comments (change, seq); their reports go first, by another."""
    for some in in_chunks(keys):
        tx.execute(delete(schema.comment).where(*at_keys(schema.comment, some)))


def add_comments(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores new comments; the caller holds the lock of their changes."""
    insert_rows(tx, schema.comment, rows)


_UPDATED = (
    "account_id",
    "posted_at",
    "message_id",
    "event_at",
    "position",
    "tag",
    "digest",
    "text",
)


def update_comments(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Sets what the other feed adds; each row names ``change_id``, ``seq`` and all of the rest."""
    if not rows:
        return
    table = schema.comment
    statement = (
        update(table)
        .where(table.c.change_id == bindparam("b_change"), table.c.seq == bindparam("b_seq"))
        .values({name: bindparam(f"b_{name}") for name in _UPDATED})
    )
    tx.execute(
        statement,
        [
            {"b_change": row["change_id"], "b_seq": row["seq"]}
            | {f"b_{name}": row[name] for name in _UPDATED}
            for row in rows
        ],
    )


def stored_votes(tx: Tx, keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The votes that came apart from the text of some comments (change, seq), as JSON, if any."""
    table = schema.comment.c
    votes: dict[tuple[int, int], str] = {}
    voted = select(table.change_id, table.seq, table.votes).where(table.votes.is_not(None))
    for some in in_chunks(keys):
        rows = tx.execute(voted.where(*at_keys(schema.comment, some)))
        votes |= {(row.change_id, row.seq): row.votes for row in rows}
    return votes


def comments_by(
    tx: Tx, account_ids: Sequence[int], batch: int = 500
) -> Iterator[list[CommentText]]:
    """All comments of some accounts, oldest first, in batches."""
    for account_id in account_ids:
        last: CommentText | None = None
        while rows := comments_after(tx, account_id, last, batch):
            yield rows
            last = rows[-1]


_TEXT = columns(CommentText, schema.comment)


def comments_after(
    tx: Tx, account_id: int, last: CommentText | None, batch: int = 500
) -> list[CommentText]:
    """An account's next comments after ``last``, oldest first; None begins with the first."""
    table = schema.comment.c
    query = (
        select(*_TEXT)
        .where(table.account_id == account_id)
        .order_by(table.posted_at, table.change_id, table.seq)
        .limit(batch)
    )
    if last is not None:
        key = tuple_(table.posted_at, table.change_id, table.seq)
        later = key > (last.posted_at, last.change_id, last.seq)
        query = query.where(table.posted_at >= last.posted_at, later)  # the first for the index
    return [CommentText(*row) for row in tx.execute(query)]


def newest_by(tx: Tx, account_id: int, limit: int) -> list[CommentText]:
    """An account's newest comments, newest first."""
    table = schema.comment.c
    query = (
        select(*_TEXT)
        .where(table.account_id == account_id)
        .order_by(*newest_first(table))
        .limit(limit)
    )
    return [CommentText(*row) for row in tx.execute(query)]


MOST_CHARACTERS = 20_000  # of a comment: whole but for the largest


@dataclass(frozen=True, slots=True)
class UnparsedComment:
    """One comment that no format understood, with who wrote it."""

    number: int
    patch_set: int | None
    posted_at: datetime
    text: str
    tag: str | None
    username: str | None
    name: str | None

    @property
    def account(self) -> str | None:
        """The account's user name or, where it has none, its full name."""
        return self.username or self.name


def unparsed_of(
    tx: Tx, ci_id: int, since: datetime, limit: int, characters: int = MOST_CHARACTERS
) -> list[UnparsedComment]:
    """A CI's comments since then that were not understood, newest first; with its notes, of
    which only that is known that they hold no verdict that we know.

    Walks the end of the CI's part of an index; at most ``limit`` are read, and of each
    the first ``characters``.
    """
    report, comment = schema.report, schema.comment
    change, account = schema.change, schema.account
    query = in_this_order(
        select(
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
        .where(report.c.ci_id == ci_id, report.c.posted_at >= since)
        .where(or_(report.c.outcome.is_(None), report.c.format == NOTE))
        .order_by(*newest_first(report.c))
        .limit(limit)
    )
    return [UnparsedComment(*row) for row in tx.execute(query)]
