"""Decides which messages of a change are known already. Pure.

REST and events tell of the same comment differently: an event has no message
id, and its time is the message's or up to a second later. Each stored comment
is claimed at most once by each feed, so two equal comments in one second stay
two as soon as REST has told of both; an identical event is a repeated
delivery of the same one. Where a message was deleted, Gerrit gives it and all
later ones of the change new ids: they are known again by author, time and text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from cibot.model import Message
from cibot.store.comments import StoredComment

EVENT_LAG = timedelta(seconds=2)  # one second was seen; one more for a slow server
_LAGS = [timedelta(seconds=second) for second in range(3)]
REMOVED = "Change message removed by"


def digest(text: str) -> int:
    """63 bits that tell the texts of one change apart (BLAKE2b)."""
    raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big") >> 1


@dataclass(frozen=True, slots=True)
class Write:
    """One comment to be stored as ``row`` says; ``reread`` when its report may differ."""

    row: StoredComment
    message: Message
    reread: bool


@dataclass(slots=True)
class Matching:
    """What is new, what is told anew, and how many messages changed nothing."""

    inserts: list[Write] = field(default_factory=list)
    updates: list[Write] = field(default_factory=list)
    known: int = 0


class _Comments:
    """The stored comments of one change while messages are matched with them."""

    def __init__(self, change_id: int, stored: Sequence[StoredComment]) -> None:
        self.change_id = change_id
        self.by_seq = {row.seq: row for row in stored}
        self.by_id = {row.message_id: row.seq for row in stored if row.message_id is not None}
        self.next_seq = max(self.by_seq, default=0) + 1

    def put(self, row: StoredComment) -> StoredComment:
        self.by_seq[row.seq] = row
        if row.message_id is not None:
            self.by_id[row.message_id] = row.seq
        return row

    def add(self, message: Message, account_id: int | None, mark: int) -> StoredComment:
        row = StoredComment(
            change_id=self.change_id,
            seq=self.next_seq,
            account_id=account_id,
            posted_at=message.posted_at,
            message_id=message.message_id,
            event_at=None if message.message_id else message.posted_at,
            position=message.position,
            tag=message.tag,
            digest=mark,
        )
        self.next_seq += 1
        return self.put(row)

    def event_only(
        self, message: Message, account_id: int | None, mark: int, lag: timedelta
    ) -> StoredComment | None:
        """The comment that an event brought ``lag`` after this REST message, and that it is."""
        waiting = [
            row
            for row in self.by_seq.values()
            if row.message_id is None
            and row.account_id == account_id
            and row.event_at == message.posted_at + lag
        ]
        same = [row for row in waiting if row.digest == mark]
        if not same and message.text.startswith(REMOVED):
            same = waiting
        return min(same, key=lambda row: row.seq, default=None)

    def renamed(
        self, message: Message, account_id: int | None, mark: int, gone: set[int]
    ) -> StoredComment | None:
        """The comment that had another id until a message before it was deleted."""
        old = [
            row
            for row in map(self.by_seq.__getitem__, sorted(gone))
            if row.posted_at == message.posted_at and row.account_id == account_id
        ]
        same = [row for row in old if row.digest == mark]
        if not same and message.text.startswith(REMOVED):
            same = old
        return same[0] if same else None

    def claim(self, event_at: datetime, same: Sequence[StoredComment]) -> list[StoredComment]:
        """Gives an event to one of the equal comments that REST brought; the rows that change.

        An earlier event moves to another comment where that makes room (the
        augmenting path of bipartite matching); empty when there is none.
        """
        seen: set[int] = set()

        def place(moment: datetime) -> list[StoredComment]:
            near = [row for row in same if row.seq not in seen and _lags(moment, row.posted_at)]
            for row in sorted(near, key=lambda row: (row.event_at is not None, -row.seq)):
                seen.add(row.seq)
                moved = [] if row.event_at is None else place(row.event_at)
                if row.event_at is None or moved:
                    return [*moved, row._replace(event_at=moment)]
            return []

        return [self.put(row) for row in place(event_at)]

    def equal(self, account_id: int | None, mark: int) -> list[StoredComment]:
        """The comments of that account with that text."""
        return [
            row
            for row in self.by_seq.values()
            if row.digest == mark and row.account_id == account_id
        ]


def _lags(event_at: datetime, posted_at: datetime) -> bool:
    return timedelta(0) <= event_at - posted_at <= EVENT_LAG


def match(
    change_id: int,
    stored: Sequence[StoredComment],
    messages: Iterable[tuple[Message, int | None]],
    *,
    complete: bool = False,
) -> Matching:
    """Matches messages (each with its account's row id) with the comments of their change.

    ``stored`` must be all comments of the change, read under its lock; for events
    those with their texts and the newest are enough.
    ``complete`` says that ``messages`` is the whole list, as REST gives it.
    """
    comments = _Comments(change_id, stored)
    found = Matching()
    rest: dict[str, _Told] = {}
    told_ids: set[str] = set()
    for message, account_id in messages:
        told = _Told(message, account_id, digest(message.text))
        if message.message_id is None:
            _match_event(comments, found, told)
            continue
        told_ids.add(message.message_id)
        if (seq := comments.by_id.get(message.message_id)) is not None:
            _update(comments, found, comments.by_seq[seq], told)
        else:
            rest[message.message_id] = told  # an id told twice: the later text stands
    new = list(rest.values())
    if complete and new and comments.by_id:
        gone = {seq for name, seq in comments.by_id.items() if name not in told_ids}
        new = [told for told in new if not _renamed(comments, found, told, gone)]
    _match_rest(comments, found, new)
    return found


class _Told(NamedTuple):
    """A message as a feed tells it, with its account's row and its text's digest."""

    message: Message
    account_id: int | None
    mark: int


def _match_rest(comments: _Comments, found: Matching, rest: list[_Told]) -> None:
    """Unites new REST messages with the events that came before them, nearest in time first."""
    if comments.by_seq:
        for lag in _LAGS:
            rest = [told for told in rest if not _united(comments, found, told, lag)]
    for told in rest:
        row = comments.add(*told)
        found.inserts.append(Write(row, told.message, True))


def _renamed(comments: _Comments, found: Matching, told: _Told, gone: set[int]) -> bool:
    row = comments.renamed(*told, gone)
    if row is None:
        return False
    gone.remove(row.seq)
    _update(comments, found, row, told)
    return True


def _united(comments: _Comments, found: Matching, told: _Told, lag: timedelta) -> bool:
    row = comments.event_only(*told, lag)
    if row is not None:
        _update(comments, found, row, told)
    return row is not None


def _update(comments: _Comments, found: Matching, row: StoredComment, told: _Told) -> None:
    message = told.message
    new = row._replace(
        account_id=told.account_id,
        posted_at=message.posted_at,
        message_id=message.message_id,
        position=message.position if message.position is not None else row.position,
        tag=message.tag,
        digest=told.mark,
    )
    if new == row:
        found.known += 1
        return
    before = (row.tag, row.digest, row.account_id, row.posted_at)
    reread = before != (new.tag, new.digest, new.account_id, new.posted_at)
    found.updates.append(Write(comments.put(new), message, reread))


def _match_event(comments: _Comments, found: Matching, told: _Told) -> None:
    event_at = told.message.posted_at
    same = comments.equal(told.account_id, told.mark)
    if any(row.event_at == event_at for row in same):
        found.known += 1
        return
    moved = comments.claim(event_at, [row for row in same if row.message_id is not None])
    found.updates.extend(Write(row, told.message, False) for row in moved)
    if not moved:
        found.inserts.append(Write(comments.add(*told), told.message, True))
