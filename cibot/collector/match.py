"""Decides which messages of a change are known already. Pure.

REST and events tell of the same comment differently: an event has no message
id, and its time is the message's or up to a second later. Each stored comment
is claimed at most once by each feed, so two equal comments in one second stay
two as soon as REST has told of both; an identical event is a repeated
delivery of the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cibot.model import Message
from cibot.store.comments import StoredComment

EVENT_LAG = timedelta(seconds=2)  # one second was seen; one more for a slow server
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

    def set(self, row: StoredComment) -> StoredComment:
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
        return self.set(row)

    def event_only(
        self, message: Message, account_id: int | None, mark: int
    ) -> StoredComment | None:
        """The comment that an event brought and this REST message is."""
        waiting = [
            row
            for row in self.by_seq.values()
            if row.message_id is None
            and row.account_id == account_id
            and row.event_at is not None
            and _lags(row.event_at, message.posted_at)
        ]
        same = [row for row in waiting if row.digest == mark]
        if not same and message.text.startswith(REMOVED):
            same = waiting
        return min(same, key=_event_order, default=None)

    def of_event(self, message: Message, account_id: int | None, mark: int) -> StoredComment | None:
        """The comment that this event repeats, or that REST brought before it."""
        same = [
            row
            for row in self.by_seq.values()
            if row.digest == mark and row.account_id == account_id
        ]
        for row in same:
            if row.event_at == message.posted_at:
                return row
        unclaimed = [
            row for row in same if row.event_at is None and _lags(message.posted_at, row.posted_at)
        ]
        return max(unclaimed, key=lambda row: row.posted_at, default=None)


def _lags(event_at: datetime, posted_at: datetime) -> bool:
    return timedelta(0) <= event_at - posted_at <= EVENT_LAG


def _event_order(row: StoredComment) -> tuple[datetime, int]:
    assert row.event_at is not None
    return row.event_at, row.seq


def match(
    change_id: int,
    stored: Sequence[StoredComment],
    messages: Iterable[tuple[Message, int | None]],
) -> Matching:
    """Matches messages (each with its account's row id) with the comments of their change.

    ``stored`` must be all comments of the change, read under its lock.
    """
    comments = _Comments(change_id, stored)
    found = Matching()
    for message, account_id in messages:
        mark = digest(message.text)
        if message.message_id is None:
            _match_event(comments, found, message, account_id, mark)
        else:
            _match_rest(comments, found, message, account_id, mark)
    return found


def _match_rest(
    comments: _Comments, found: Matching, message: Message, account_id: int | None, mark: int
) -> None:
    assert message.message_id is not None
    seq = comments.by_id.get(message.message_id)
    row = comments.by_seq[seq] if seq is not None else None
    if row is None and comments.by_seq:
        row = comments.event_only(message, account_id, mark)
    if row is None:
        found.inserts.append(Write(comments.add(message, account_id, mark), message, True))
        return
    told = row._replace(
        account_id=account_id,
        posted_at=message.posted_at,
        message_id=message.message_id,
        position=message.position if message.position is not None else row.position,
        tag=message.tag,
        digest=mark,
    )
    if told == row:
        found.known += 1
        return
    reread = (told.tag, told.digest, told.account_id) != (row.tag, row.digest, row.account_id)
    reread = reread or told.posted_at != row.posted_at
    found.updates.append(Write(comments.set(told), message, reread))


def _match_event(
    comments: _Comments, found: Matching, message: Message, account_id: int | None, mark: int
) -> None:
    row = comments.of_event(message, account_id, mark)
    if row is None:
        found.inserts.append(Write(comments.add(message, account_id, mark), message, True))
    elif row.event_at is None:
        told = row._replace(event_at=message.posted_at)
        found.updates.append(Write(comments.set(told), message, False))
    else:
        found.known += 1
