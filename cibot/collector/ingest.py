"""Stores what the collectors read: each comment once, with the report that it makes.

One transaction holds a batch of changes, their comments, reports and builds,
the feed's cursor and its freshness. The change rows are locked first, so of
two feeds that bring the same comment one waits and then finds it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cibot.collector import authors
from cibot.collector.correcting import asked_at, correct, hide, not_ahead, report_forged
from cibot.collector.discovery import LOOKED_AT, CiEvidence, may_be_ci
from cibot.collector.formats import gerrits_own
from cibot.collector.match import CommentWrite, Matching, match
from cibot.collector.roster import Roster
from cibot.collector.rows import COMMENT, Batch, comment_row, digests, message_of, once
from cibot.collector.sink import IngestCounts
from cibot.model import Account, Change, PatchSet
from cibot.store.accounts import KnownAccount, has_identity, lock_cis
from cibot.store.changes import (
    Place,
    open_changes,
    place_of,
    put_changes,
    put_owners,
    still_unconfirmed,
    stored_places,
    unconfirmed,
)
from cibot.store.comments import (
    add_comments,
    comments_by,
    known_comments,
    newest_by,
    stored_votes,
    update_comments,
)
from cibot.store.engine import Store, Tx
from cibot.store.feeds import feed_failed, feed_heard, feed_rejected, load_cursor
from cibot.store.histories import date_again
from cibot.store.patch_sets import put_patch_sets
from cibot.store.reports import (
    drop_reports,
    put_reports,
    withdraw,
    withdraw_comments,
)
from cibot.store.set_aside import put_aside
from cibot.store.tally import Tally, counting

log = logging.getLogger(__name__)
_UNKNOWN = KnownAccount(0, Account(), None)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_FRESH_FOR = timedelta(seconds=1)  # a feed's freshness is kept to the second
_MANY = 50  # comments, from which on they are read in a thread
_MOST_REMEMBERED = 5_000  # patch sets, and rows of changes
_CACHE_FOR = timedelta(seconds=60)  # another process may have found out who is a CI


class Ingest:
    """The sink of one server; safe to call from several threads.

    ``on_reports`` is called after the commit with the CIs that have new reports, and
    ``count`` what each feed brought.
    """

    def __init__(
        self,
        store: Store,
        server_id: int,
        roster: Roster,
        clock: Callable[[], datetime],
        on_reports: Callable[[set[int]], None] = lambda _cis: None,
        count: Callable[[str, IngestCounts], None] = lambda _feed, _counts: None,
        note: Callable[[Tx, set[int]], None] = lambda _tx, _cis: None,
    ) -> None:
        self._store = store
        self._server_id = server_id
        self._roster = roster
        self._clock = clock
        self._on_reports = on_reports
        self._count = count
        self._note = note
        self._reader = ThreadPoolExecutor(1, "reader")
        self._authors: authors.Authors = {}
        self._authors_since = clock()
        self._patch_sets: set[tuple[int, PatchSet]] = set()  # stored already
        self._rows: dict[Place, int] = {}  # of changes
        self._owned: frozenset[int] = frozenset()  # changes whose owner is stored already
        self._hidden: dict[Place, datetime] = {}  # private changes, and since when
        self._heard: dict[str, datetime] = {}  # what each feed's row says

    def load_cursor(self, feed: str) -> str | None:
        """How far a feed has read, in its own words."""
        return self._store.read(lambda tx: load_cursor(tx, self._server_id, feed))

    def failed(self, feed: str, error: str) -> None:
        """Notes that a feed did not work, and why."""
        now = self._clock()
        self._heard.pop(feed, None)
        self._store.write(lambda tx: feed_failed(tx, self._server_id, feed, error, now))

    def rejected(self, feed: str, number: int) -> None:
        """Counts events that could not be read."""
        self._store.write(lambda tx: feed_rejected(tx, self._server_id, feed, number))

    def ingest(
        self, changes: Sequence[Change], *, feed: str, cursor: str | None, heard_at: datetime
    ) -> IngestCounts:
        """Stores changes, cursor and freshness in one transaction; see `Sink`."""
        hidden = [change for change in changes if change.private]
        changes = once([change for change in changes if not self._is_hidden(change)])
        if self._clock() - self._authors_since > _CACHE_FOR:
            self._authors, self._authors_since = {}, self._clock()
            self._rows = {}

        def work(tx: Tx) -> tuple[Batch, authors.Authors]:
            batch, began = Batch(heard_at), self._clock()
            rows = self._store_changes(tx, changes, batch)
            if hidden:
                self._hide(tx, set(map(place_of, hidden)), batch)
            if not known_fresh:
                feed_heard(tx, self._server_id, feed, cursor, heard_at)
            if batch.forged:
                report_forged(tx, self._server_id, self._roster.server, batch.forged, heard_at)
            if batch.reports:
                self._note(tx, {row["ci_id"] for row in batch.reports})
            date_again(tx, heard_at, self._clock() - began)
            return batch, rows

        before = self._heard.get(feed, _NEVER)
        known_fresh = cursor is None and timedelta(0) <= heard_at - before < _FRESH_FOR
        for change in hidden:
            self._note_hidden(place_of(change), heard_at)
        batch, rows = self._store.write(work)
        self._remember(batch)
        if not known_fresh:
            self._heard[feed] = heard_at
        # Who is no CI yet may be found out to be one at any moment, by anybody.
        self._authors |= {account: row for account, row in rows.items() if row.ci_id is not None}
        reported = {row["ci_id"] for row in batch.reports} | batch.withdrawn
        if reported:
            self._on_reports(reported)
        counts = IngestCounts(len(changes), len(batch.comments), batch.repeated, len(batch.reports))
        self._count(feed, counts)
        return counts

    def knows(self, change: Change) -> bool:
        """Whether the change is stored: Gerrit has shown it to cibot's own account."""
        place = place_of(change)
        if place in self._rows:
            return True
        rows = self._store.read(lambda tx: stored_places(tx, self._server_id, {place}))
        self._rows = self._rows | rows
        return bool(rows)

    def unconfirmed(self, before: datetime, limit: int) -> list[Place]:
        """Changes known by events from before then that REST has not confirmed, oldest first."""
        return self._store.read(lambda tx: unconfirmed(tx, self._server_id, before, limit))

    def open_changes(self, below: int | None, most: int) -> tuple[list[Place], int | None]:
        """Some changes that are not merged, and where to go on; see `store.changes`."""
        return self._store.read(lambda tx: open_changes(tx, self._server_id, below, most))

    def hide(self, places: Collection[Place]) -> None:
        """Deletes changes that Gerrit does not show to cibot's account, with all they hold."""

        def work(tx: Tx) -> Batch:
            batch = Batch(self._clock())
            self._hide(tx, places, batch)
            return batch

        for place in places:
            self._note_hidden(place, self._clock())
        batch = self._store.write(work)
        if batch.withdrawn:
            self._on_reports(batch.withdrawn)

    def _hide(self, tx: Tx, places: Collection[Place], batch: Batch) -> None:
        rows = stored_places(tx, self._server_id, places)
        if rows:
            hide(tx, rows, batch)
            log.info("changes hidden number=%d: private, or not to be seen", len(rows))

    def _note_hidden(self, place: Place, at: datetime) -> None:
        """An answer that REST gave before must not bring the change back."""
        if len(self._hidden) > _MOST_REMEMBERED:
            self._hidden = {}
        self._hidden[place] = at
        self._rows = {other: row for other, row in self._rows.items() if other != place}
        self._patch_sets, self._owned = set(), frozenset()

    def _is_hidden(self, change: Change) -> bool:
        """Whether it is private, or was hidden after this answer of REST was requested."""
        hidden_at = self._hidden.get(place_of(change))
        if change.private or hidden_at is None:
            return change.private
        if change.complete and (change.asked_at is None or change.asked_at > hidden_at):
            del self._hidden[place_of(change)]
            return False
        return change.complete

    def sync_roster(self) -> set[int]:
        """Gives accounts to the CIs that the roster names now and parses their comments again.

        Returns the CIs that got an account.
        """

        def work(tx: Tx) -> set[int]:
            now = self._clock()
            moved = authors.reassigned(tx, self._server_id, self._roster, now)
            with counting(tx) as tally:
                for account_id, ci_id in moved.items():
                    self._reread_account(tx, account_id, ci_id, now, tally)
            date_again(tx, now, self._clock() - now)
            return set(moved.values())

        moved = self._store.write(work)
        self._authors = {}
        if moved:
            self._on_reports(moved)
        return moved

    def _store_changes(self, tx: Tx, changes: Sequence[Change], batch: Batch) -> authors.Authors:
        now = batch.heard_at
        in_time = [not_ahead(change, now) for change in changes]
        if correct(tx, self._server_id, in_time, batch):
            self._patch_sets, self._owned = set(), frozenset()
        batch.rows = put_changes(tx, self._server_id, in_time, now, self._rows)
        ids = [batch.rows[place_of(change)] for change in changes]
        batch.patch_sets = [
            (row_id, patch_set)
            for row_id, change in zip(ids, in_time, strict=True)
            for patch_set in change.patch_sets
            if (row_id, patch_set) not in self._patch_sets
        ]
        batch.confirmed = {row for row, change in zip(ids, in_time, strict=True) if change.complete}
        put_patch_sets(tx, batch.patch_sets, now, batch.confirmed)
        rows = self._resolve(tx, changes, batch)
        batch.owners = {
            row_id: account
            for row_id, change in zip(ids, changes, strict=True)
            if row_id not in self._owned
            and (account := authors.row_id(rows, change.owner)) is not None
        }
        put_owners(tx, batch.owners, batch.confirmed)
        stored = known_comments(tx, ids, digests(changes))
        for row_id, change in zip(ids, changes, strict=True):
            before = stored.get(row_id, ())
            listed = not_ahead(change, now, before).messages
            messages = [(comment, authors.row_id(rows, comment.author)) for comment in listed]
            asked = asked_at(change, now)
            matching = match(row_id, before, messages, complete=change.complete, asked_at=asked)
            self._take(tx, matching, rows, batch)
            if matching.waiting is not None:
                batch.waiting[row_id] = matching.waiting
            # The same change may stand in one batch twice; the second must see the first.
            if matching.inserts or matching.updates or matching.drops:
                stored[row_id] = _merged(stored.get(row_id, []), matching)
        self._write(tx, batch)
        return rows

    def _remember(self, batch: Batch) -> None:
        """Many comments follow one patch set; it need not be written with each of them."""
        if max(len(self._patch_sets), len(self._rows), len(self._owned)) > _MOST_REMEMBERED:
            self._patch_sets, self._rows, self._owned = set(), {}, frozenset()
        self._rows = self._rows | batch.rows
        self._patch_sets.update(batch.patch_sets)
        self._owned = self._owned | (batch.owners.keys() & batch.confirmed)

    def _resolve(self, tx: Tx, changes: Sequence[Change], batch: Batch) -> authors.Authors:
        wanted = {
            message.author
            for change in changes
            for message in change.messages
            if message.author is not None
        } | {change.owner for change in changes if change.owner is not None}
        cache = self._authors  # another thread may put an empty one in its place
        cached = {account: cache[account] for account in wanted if account in cache}
        unknown = wanted - cached.keys()
        return cached | authors.resolve(
            tx, self._server_id, self._roster, unknown, batch.heard_at, batch.joined
        )

    def _take(self, tx: Tx, matching: Matching, rows: authors.Authors, batch: Batch) -> None:
        batch.repeated += matching.repeated
        batch.forged += matching.forged
        batch.drops.update((row.change_id, row.seq) for row in matching.drops)
        for comment in matching.inserts:
            batch.comments.append(comment_row(comment) | {"heard_at": batch.heard_at})
            self._read(tx, comment, rows, batch)
        for update in matching.updates:
            batch.updates.append(comment_row(update))
            if update.reread:
                batch.reread.add((update.row.change_id, update.row.seq))
                self._read(tx, update, rows, batch)
            elif update.message.message_id and update.message.author in rows:
                self._suspect(update, rows[update.message.author], batch)  # REST confirms it

    def _read(self, tx: Tx, comment: CommentWrite, rows: authors.Authors, batch: Batch) -> None:
        author = rows.get(comment.message.author, _UNKNOWN) if comment.message.author else _UNKNOWN
        if comment.row.account_id not in {None, author.id}:  # REST knows its names no more
            row_id = comment.row.account_id
            author = replace(_UNKNOWN, id=row_id, ci_id=lock_cis(tx, [row_id]).get(row_id))
        if gerrits_own(comment.message.tag):
            return
        if author.ci_id is not None:
            batch.unread.append((author.ci_id, comment))
        else:
            self._suspect(comment, author, batch)

    def _suspect(self, comment: CommentWrite, author: KnownAccount, batch: Batch) -> None:
        """Takes note of an account that may be a CI; REST must have shown it."""
        shown = self._roster.by_events or author.account.gerrit_id is not None
        if (
            self._roster.discover
            and shown
            and author.id
            and author.ci_id is None
            and author.id not in batch.suspects
            and has_identity(author.account)
            and not (author.excluded or self._roster.excludes(author.account))
            and may_be_ci(comment.message, author.account)
        ):
            batch.suspects[author.id] = author

    def _write(self, tx: Tx, batch: Batch) -> None:
        with counting(tx) as tally:
            if batch.drops:
                batch.withdrawn |= withdraw_comments(tx, batch.drops, tally, batch.heard_at)
            if batch.reread:
                drop_reports(tx, batch.reread, tally)
                batch.votes = stored_votes(tx, batch.reread)
            # What they say is read while the database stores them; a few are worth no thread.
            reading = self._reader.submit(batch.read) if len(batch.unread) > _MANY else None
            add_comments(tx, batch.comments)
            update_comments(tx, batch.updates)
            if reading is None:
                batch.read()
            else:
                reading.result()
            put_reports(tx, batch.reports, batch.builds, tally)
            if batch.raised:
                put_aside(tx, COMMENT, batch.raised, batch.heard_at)
            still_unconfirmed(tx, batch.waiting)
            for account_id, ci_id in batch.joined.items():
                read = self._reread_account(tx, account_id, ci_id, batch.heard_at, tally)
                batch.reports.extend(read)
            for account_id, row in batch.suspects.items():
                if not _writes_like_ci(tx, row):
                    continue
                ci_id = authors.discover(tx, self._roster, row, batch.heard_at)
                log.info("CI discovered account=%d ci=%d", account_id, ci_id)
                reports = self._reread_account(tx, account_id, ci_id, batch.heard_at, tally)
                batch.reports.extend(reports)

    def _reread_account(
        self, tx: Tx, account_id: int, ci_id: int, now: datetime, tally: Tally
    ) -> list[dict[str, Any]]:
        """Makes the reports of an account's stored comments, in place of what was there."""
        written: list[dict[str, Any]] = []
        for comments in comments_by(tx, [account_id]):
            batch = Batch(now)
            for comment in comments:
                if not gerrits_own(comment.tag):
                    batch.add_report(ci_id, (comment.change_id, comment.seq), message_of(comment))
            dropped = drop_reports(
                tx, {(comment.change_id, comment.seq) for comment in comments}, tally
            )
            withdraw(tx, [row for row in dropped if row.ci_id != ci_id], now)
            put_reports(tx, batch.reports, batch.builds, tally)
            if batch.raised:
                put_aside(tx, COMMENT, batch.raised, now)
            written.extend(batch.reports)
        return written


def _writes_like_ci(tx: Tx, row: KnownAccount) -> bool:
    """Whether all that is stored of an account shows that it is a CI's (`discovery`)."""
    evidence = CiEvidence()
    for comment in newest_by(tx, row.id, LOOKED_AT):
        evidence.add(comment.change_id, message_of(comment), row.account)
    return evidence.shows_ci


def _merged(stored: Iterable[Any], matching: Matching) -> list[Any]:
    dropped = {row.seq for row in matching.drops}
    rows = {row.seq: row for row in stored if row.seq not in dropped}
    for update in (*matching.updates, *matching.inserts):
        rows[update.row.seq] = update.row
    return list(rows.values())
