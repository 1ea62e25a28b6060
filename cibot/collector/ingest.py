"""Stores what the collectors read: each comment once, with the report that it makes.

One transaction holds a batch of changes, their comments, reports and builds,
the feed's cursor and its freshness. The change rows are locked first, so of
two feeds that bring the same comment one waits and then finds it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cibot.collector import authors
from cibot.collector.clocks import not_ahead
from cibot.collector.formats import GERRITS_OWN, looks_like_ci, parse
from cibot.collector.match import Matching, Write, match
from cibot.collector.results import report_result, result_class
from cibot.collector.roster import Roster
from cibot.collector.sink import IngestCounts
from cibot.model import Account, Change, Message, Report, Vote
from cibot.store.accounts import KnownAccount
from cibot.store.changes import change_id, put_changes, put_patch_sets
from cibot.store.comments import (
    CommentText,
    add_comments,
    comments_by,
    known_comments,
    update_comments,
)
from cibot.store.engine import Store, Tx
from cibot.store.feeds import feed_failed, feed_heard, feed_rejected, load_cursor
from cibot.store.reports import drop_reports, put_reports

log = logging.getLogger(__name__)
_NOBODY = KnownAccount(0, Account(), None)
_CACHE_FOR = timedelta(seconds=60)  # another process may have found out who is a CI


@dataclass(slots=True)
class _Batch:
    """What one transaction is about to write."""

    heard_at: datetime
    comments: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    builds: list[dict[str, Any]] = field(default_factory=list)
    reread: set[tuple[int, int]] = field(default_factory=set)
    discovered: dict[int, KnownAccount] = field(default_factory=dict)
    known: int = 0

    def add_report(self, ci_id: int, key: tuple[int, int], message: Message) -> None:
        report = parse(
            message.text,
            account=message.author,
            tag=message.tag,
            votes=message.votes,
        )
        self.reports.append(_report_row(ci_id, key, message, report, self.heard_at))
        if report is not None:
            self.builds.extend(_build_rows(key, report))


class Ingest:
    """The sink of one server; safe to call from several threads.

    ``on_reports`` is told, after the commit, which CIs have new reports.
    """

    def __init__(
        self,
        store: Store,
        server_id: int,
        roster: Roster,
        clock: Callable[[], datetime],
        on_reports: Callable[[set[int]], None] = lambda _cis: None,
    ) -> None:
        self._store = store
        self._server_id = server_id
        self._roster = roster
        self._clock = clock
        self._on_reports = on_reports
        self._authors: authors.Authors = {}
        self._authors_since = clock()

    def load_cursor(self, feed: str) -> str | None:
        """How far a feed has read, in its own words."""
        return self._store.read(lambda tx: load_cursor(tx, self._server_id, feed))

    def failed(self, feed: str, error: str) -> None:
        """Notes that a feed did not work, and why."""
        now = self._clock()
        self._store.write(lambda tx: feed_failed(tx, self._server_id, feed, error, now))

    def rejected(self, feed: str) -> None:
        """Counts an event that could not be read."""
        self._store.write(lambda tx: feed_rejected(tx, self._server_id, feed))

    def ingest(
        self, changes: Sequence[Change], *, feed: str, cursor: str | None, heard_at: datetime
    ) -> IngestCounts:
        """Stores changes, cursor and freshness in one transaction; see `Sink`."""
        changes = _once(changes)
        if self._clock() - self._authors_since > _CACHE_FOR:
            self._authors, self._authors_since = {}, self._clock()

        def work(tx: Tx) -> tuple[_Batch, authors.Authors]:
            batch = _Batch(heard_at)
            found = self._store_changes(tx, changes, batch)
            feed_heard(tx, self._server_id, feed, cursor, heard_at)
            return batch, found

        batch, found = self._store.write(work)
        # Who is no CI yet may be found out to be one at any moment, by anybody.
        self._authors |= {one: row for one, row in found.items() if row.ci_id is not None}
        reported = {row["ci_id"] for row in batch.reports}
        if reported:
            self._on_reports(reported)
        return IngestCounts(len(changes), len(batch.comments), batch.known, len(batch.reports))

    def sync_roster(self) -> set[int]:
        """Gives accounts to the CIs that the roster names now and reads them anew.

        Returns the CIs that got an account.
        """

        def work(tx: Tx) -> set[int]:
            now = self._clock()
            moved = authors.reassigned(tx, self._server_id, self._roster, now)
            for account_id, ci_id in moved.items():
                self._reread_account(tx, account_id, ci_id, now)
            return set(moved.values())

        moved = self._store.write(work)
        self._authors = {}
        if moved:
            self._on_reports(moved)
        return moved

    def _store_changes(self, tx: Tx, changes: Sequence[Change], batch: _Batch) -> authors.Authors:
        now = batch.heard_at
        in_time = [not_ahead(change, now) for change in changes]
        put_changes(tx, self._server_id, in_time)
        put_patch_sets(tx, self._server_id, in_time)
        found = self._resolve(tx, changes, batch.heard_at)
        ids = [change_id(self._server_id, change.number) for change in changes]
        stored = known_comments(tx, ids)
        for row_id, change in zip(ids, changes, strict=True):
            before = stored.get(row_id, ())
            told = not_ahead(change, now, before).messages
            messages = [(one, _row_id(found, one.author)) for one in told]
            matching = match(row_id, before, messages, complete=change.complete)
            self._take(matching, found, batch)
            # The same change may stand in one batch twice; the second must see the first.
            if matching.inserts or matching.updates:
                stored[row_id] = _merged(stored.get(row_id, []), matching)
        self._write(tx, batch)
        return found

    def _resolve(self, tx: Tx, changes: Sequence[Change], now: datetime) -> authors.Authors:
        wanted = {
            message.author
            for change in changes
            for message in change.messages
            if message.author is not None
        }
        known = self._authors  # another thread may put an empty one in its place
        cached = {one: known[one] for one in wanted if one in known}
        unknown = wanted - cached.keys()
        return cached | authors.resolve(tx, self._server_id, self._roster, unknown, now)

    def _take(self, matching: Matching, found: authors.Authors, batch: _Batch) -> None:
        batch.known += matching.known
        for one in matching.inserts:
            batch.comments.append(_comment_row(one))
            self._read(one, found, batch)
        for one in matching.updates:
            batch.updates.append(_comment_row(one))
            if one.reread:
                batch.reread.add((one.row.change_id, one.row.seq))
                self._read(one, found, batch)

    def _read(self, one: Write, found: authors.Authors, batch: _Batch) -> None:
        author = found.get(one.message.author, _NOBODY) if one.message.author else _NOBODY
        if (one.message.tag or "").startswith(GERRITS_OWN):
            return
        if author.ci_id is not None:
            batch.add_report(author.ci_id, (one.row.change_id, one.row.seq), one.message)
        elif self._roster.discover and author.id and author.id not in batch.discovered:
            report = parse(one.message.text, account=author.account, tag=one.message.tag)
            if report is not None and looks_like_ci(report, one.message.tag):
                batch.discovered[author.id] = author

    def _write(self, tx: Tx, batch: _Batch) -> None:
        drop_reports(tx, batch.reread)
        add_comments(tx, batch.comments)
        update_comments(tx, batch.updates)
        put_reports(tx, batch.reports, batch.builds)
        for account_id, row in batch.discovered.items():
            ci_id = authors.discover(tx, self._roster.server, row, batch.heard_at)
            log.info("CI discovered account=%d ci=%d", account_id, ci_id)
            batch.reports.extend(self._reread_account(tx, account_id, ci_id, batch.heard_at))

    def _reread_account(
        self, tx: Tx, account_id: int, ci_id: int, now: datetime
    ) -> list[dict[str, Any]]:
        """Makes the reports of an account's stored comments, in place of what was there."""
        written: list[dict[str, Any]] = []
        for comments in comments_by(tx, [account_id]):
            batch = _Batch(now)
            for one in comments:
                if not (one.tag or "").startswith(GERRITS_OWN):
                    batch.add_report(ci_id, (one.change_id, one.seq), _message(one))
            drop_reports(tx, {(one.change_id, one.seq) for one in comments})
            put_reports(tx, batch.reports, batch.builds)
            written.extend(batch.reports)
        return written


def _once(changes: Sequence[Change]) -> Sequence[Change]:
    """Without the older ones of a change that stands there whole several times."""
    newest: dict[int, Change] = {}
    for change in changes:
        before = newest.get(change.number)
        if change.complete and (before is None or before.updated <= change.updated):
            newest[change.number] = change
    return [*newest.values(), *(one for one in changes if not one.complete)]


def _row_id(found: authors.Authors, account: Account | None) -> int | None:
    known = found.get(account) if account else None
    return known.id if known else None


def _merged(stored: Iterable[Any], matching: Matching) -> list[Any]:
    rows = {row.seq: row for row in stored}
    for one in (*matching.updates, *matching.inserts):
        rows[one.row.seq] = one.row
    return list(rows.values())


def _message(one: CommentText) -> Message:
    votes = json.loads(one.votes) if one.votes else {}
    return Message(
        one.posted_at,
        one.text,
        None,
        one.patch_set,
        tag=one.tag,
        votes=tuple(Vote(label, value) for label, value in votes.items()),
    )


def _comment_row(one: Write) -> dict[str, Any]:
    message = one.message
    votes = {vote.label: vote.value for vote in message.votes}
    return one.row._asdict() | {
        "patch_set": message.patch_set,
        "text": message.text,
        "votes": json.dumps(votes, ensure_ascii=False) if votes else None,
    }


def _report_row(
    ci_id: int, key: tuple[int, int], message: Message, report: Report | None, heard_at: datetime
) -> dict[str, Any]:
    result = report_result(report) if report else None
    return {
        "change_id": key[0],
        "seq": key[1],
        "ci_id": ci_id,
        "patch_set": message.patch_set,
        "posted_at": message.posted_at,
        "pipeline": report.pipeline[:100] if report and report.pipeline else None,
        "outcome": report.outcome.value if report else None,
        "result": result.value if result else None,
        "format": report.format if report else None,
        "heard_at": heard_at,
    }


def _build_rows(key: tuple[int, int], report: Report) -> list[dict[str, Any]]:
    return [
        {
            "change_id": key[0],
            "seq": key[1],
            "idx": index,
            "job": one.name[:255],
            "word": one.result[:64],
            "result": result_class(one.result).value,
            "voting": one.voting,
            "duration_s": one.duration_s,
            "url": one.url,
        }
        for index, one in enumerate(report.builds[:32767])
    ]
