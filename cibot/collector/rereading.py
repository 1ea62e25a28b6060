"""Parses stored comments again, as after a change of the parser; writes only differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from cibot.collector.formats import gerrits_own
from cibot.collector.match import settle_stored
from cibot.collector.rows import COMMENT, Batch, comment_name, message_of
from cibot.store.accounts import accounts_of_cis
from cibot.store.changes import changes_unconfirmed
from cibot.store.comments import (
    CommentText,
    StoredComment,
    claim_events,
    comments_after,
    known_comments,
)
from cibot.store.engine import Store, Tx
from cibot.store.reports import drop_reports, put_reports, withdraw_comments, written_reports
from cibot.store.set_aside import put_aside, take_back
from cibot.store.tally import counting

_Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reread:
    """How many comments were read, and of how many the report differs from the one stored."""

    comments: int
    changed: int
    healed: int = 0  # comments that were stored twice


def reread(
    store: Store, clock: Callable[[], datetime], progress: Callable[[int], None] = lambda _n: None
) -> Reread:
    """Parses every comment of every CI again, a few hundred per transaction.

    Interrupted, what was read is stored, and the same call reads the rest. What differs is
    heard when it is written, so that a bot that runs meanwhile judges it.
    """
    healed = _heal(store, clock)
    comments = changed = 0
    for account_id, ci_id in sorted(store.read(accounts_of_cis).items()):
        last: CommentText | None = None
        while page := store.read(partial(_next, account_id, last)):
            changed += store.write(partial(_page, page, ci_id, clock()))
            comments += len(page)
            last = page[-1]
            progress(comments)
    return Reread(comments, changed, healed)


def _heal(store: Store, clock: Callable[[], datetime]) -> int:
    """Merges or drops comments known only by events, once REST has returned later ones."""
    healed, after = 0, 0
    while ids := store.read(partial(changes_unconfirmed, after=after)):
        healed += store.write(partial(_heal_changes, ids, clock()))
        after = ids[-1]
    return healed


def _heal_changes(ids: Sequence[int], now: datetime, tx: Tx) -> int:
    """REST's own comments of a change are the list that it gave last."""
    drops: set[_Key] = set()
    claims: list[StoredComment] = []
    for row_id, stored in known_comments(tx, ids).items():
        matching = settle_stored(row_id, stored)
        drops.update((row.change_id, row.seq) for row in matching.drops)
        claims += [write.row for write in matching.updates]
    with counting(tx) as tally:
        withdraw_comments(tx, drops, tally, now)
    claim_events(tx, claims)
    return len(drops)


def _next(account_id: int, last: CommentText | None, tx: Tx) -> list[CommentText]:
    return comments_after(tx, account_id, last)


def _page(page: Sequence[CommentText], ci_id: int, now: datetime, tx: Tx) -> int:
    batch = Batch(now)
    for comment in page:
        if not gerrits_own(comment.tag):
            batch.add_report(ci_id, (comment.change_id, comment.seq), message_of(comment))
    keys = [(comment.change_id, comment.seq) for comment in page]
    before, after = written_reports(tx, keys), _written(batch)
    differ = {key for key in keys if before.get(key) != after.get(key)}
    with counting(tx) as tally:
        drop_reports(tx, differ, tally)
        put_reports(
            tx,
            [report for report in batch.reports if _key(report) in differ],
            [build for build in batch.builds if _key(build) in differ],
            tally,
        )
    take_back(tx, COMMENT, [comment_name(key) for key in keys])
    if batch.raised:
        put_aside(tx, COMMENT, batch.raised, now)
    return len(differ)


def _key(row: dict[str, Any]) -> _Key:
    return (row["change_id"], row["seq"])


def _written(batch: Batch) -> dict[_Key, tuple[Any, ...]]:
    """The same of new rows as `written_reports` gives of stored ones."""
    builds: dict[_Key, list[tuple[Any, ...]]] = {}
    for build in batch.builds:
        builds.setdefault(_key(build), []).append(
            tuple(build[name] for name in ("job", "word", "result", "voting", "duration_s", "url"))
        )
    return {
        _key(report): (
            *(report[name] for name in ("ci_id", "patch_set", "pipeline", "outcome", "result")),
            tuple(builds.get(_key(report), ())),
        )
        for report in batch.reports
    }
