"""Decides which messages of a change are known already. Pure.

REST and events tell of the same comment differently: an event has no message
id, and its time is that of the request's end where REST's is that of its begin,
ten seconds apart on a busy server. Equal author and text are therefore matched
one to one, the nearest in time first. Each stored comment is claimed at most
once by each feed, so two equal comments in one second stay two as soon as REST
has listed both; an identical event is a repeated delivery of the same one.
Where a message was deleted, Gerrit gives it and all later ones of the change new
ids: they are known again by author, time and text.

What a complete list of REST does not hold, though it is of later, is not so.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from cibot.model import Message
from cibot.store.comments import StoredComment

CLAIM = timedelta(seconds=60)  # what an event may lie from its REST message to be taken for it
UNITE = timedelta(minutes=10)  # the same where REST has the word; events come late or twice
_MOST_NEAR = 64  # comments among which a message is looked for; a burst has thousands
REMOVED = "Change message removed by"


def digest(text: str) -> int:
    """63 bits of BLAKE2b, enough to distinguish the texts of one change."""
    raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big") >> 1


@dataclass(frozen=True, slots=True)
class CommentWrite:
    """One comment to be stored as ``row`` says; ``reread`` when its report may differ."""

    row: StoredComment
    message: Message
    reread: bool


@dataclass(slots=True)
class Matching:
    """What is new, what is listed differently, what Gerrit does not hold, what changed nothing.

    ``waiting`` is since when comments wait for REST, which does not hold them yet.
    """

    inserts: list[CommentWrite] = field(default_factory=list)
    updates: list[CommentWrite] = field(default_factory=list)
    drops: list[StoredComment] = field(default_factory=list)
    repeated: int = 0  # comments that were stored like this already
    forged: int = 0  # of ``drops``, those that an event brought and Gerrit does not hold
    waiting: datetime | None = None


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
            near = [row for row in same if row.seq not in seen and _near(moment, row, CLAIM)]
            for row in sorted(near, key=lambda row: _preference(row, moment)):
                seen.add(row.seq)
                moved = [] if row.event_at is None else place(row.event_at)
                if row.event_at is None or moved:
                    return [*moved, row._replace(event_at=moment)]
            return []

        return [self.put(row) for row in place(event_at)]


def _near(moment: datetime, row: StoredComment, reach: timedelta) -> bool:
    return abs(moment - row.posted_at) <= reach


def _preference(row: StoredComment, moment: datetime) -> tuple[bool, timedelta, int]:
    return row.event_at is not None, abs(moment - row.posted_at), -row.seq


def match(
    change_id: int,
    stored: Sequence[StoredComment],
    messages: Iterable[tuple[Message, int | None]],
    *,
    complete: bool = False,
    asked_at: datetime | None = None,
) -> Matching:
    """Matches messages (each with its account's row id) with the comments of their change.

    ``stored`` must be all comments of the change, read under its lock; for events
    those with their texts and the newest are enough.
    ``complete`` says that ``messages`` is the whole list, as REST gave it to who asked at
    ``asked_at``.
    """
    comments = _Comments(change_id, stored)
    matching = Matching()
    rest: dict[str, _Listed] = {}
    listed_ids: dict[str, _Listed] = {}
    for message, account_id in messages:
        listed = _Listed(message, account_id, digest(message.text))
        if message.message_id is None:
            _match_event(comments, matching, listed)
            continue
        listed_ids[message.message_id] = listed
        if (seq := comments.by_id.get(message.message_id)) is not None:
            _update(comments, matching, comments.by_seq[seq], listed)
        else:
            rest[message.message_id] = listed  # an id listed twice: the later text stands
    new = list(rest.values())
    if complete and new and comments.by_id:
        gone = {seq for name, seq in comments.by_id.items() if name not in listed_ids}
        new = [listed for listed in new if not _renamed(comments, matching, listed, gone)]
    if new:
        _match_rest(comments, matching, new)
    if complete:
        _settle(comments, matching, listed_ids, asked_at)
    return matching


def settle_stored(change_id: int, stored: Sequence[StoredComment]) -> Matching:
    """As `match` with the list that REST's own comments among the stored ones are."""
    comments = _Comments(change_id, stored)
    matching = Matching()
    listed = {
        name: _Listed(_without_text(comments.by_seq[seq]), comments.by_seq[seq].account_id, 0)
        for name, seq in comments.by_id.items()
    }
    _settle(comments, matching, listed, None)
    return matching


def _without_text(row: StoredComment) -> Message:
    return Message(row.posted_at, "", None, None, message_id=row.message_id)


class _Listed(NamedTuple):
    """A message from a feed, with its account's row and its text's digest."""

    message: Message
    account_id: int | None
    mark: int


def _match_rest(comments: _Comments, matching: Matching, rest: list[_Listed]) -> None:
    """Unites new REST messages with the events that came before them, nearest in time first."""
    united = _pairs(rest, [row for row in comments.by_seq.values() if row.message_id is None])
    for place, listed in enumerate(rest):
        if place in united:
            _update(comments, matching, comments.by_seq[united[place]], listed)
        else:
            row = comments.add(*listed)
            matching.inserts.append(CommentWrite(row, listed.message, True))


def _pairs(rest: list[_Listed], waiting: list[StoredComment]) -> dict[int, int]:
    """The number of the comment that each message of ``rest`` is, by its place there."""
    if not waiting:
        return {}
    by_text: dict[int, list[StoredComment]] = {}
    for row in waiting:
        by_text.setdefault(row.digest, []).append(row)
    near: list[tuple[tuple[bool, timedelta], int, int]] = []
    for place, listed in enumerate(rest):
        removed = listed.message.text.startswith(REMOVED)
        rows = waiting if removed else by_text.get(listed.mark, [])
        ranked = [
            (rank, place, row.seq) for row in rows if (rank := _rank(listed, row)) is not None
        ]
        near += heapq.nsmallest(_MOST_NEAR, ranked)
    seqs: dict[int, int] = {}
    taken: set[int] = set()
    for _rank_of_pair, place, seq in sorted(near):
        if place not in seqs and seq not in taken:
            seqs[place] = seq
            taken.add(seq)
    return seqs


def _rank(listed: _Listed, row: StoredComment) -> tuple[bool, timedelta] | None:
    """How well a REST message fits a comment that an event brought; None where it does not.

    An account that was deleted or lost its names between the two is recognised by the
    text alone; a removed message has its author alone.
    """
    apart = abs((row.event_at or row.posted_at) - listed.message.posted_at)
    if apart > UNITE:
        return None
    same_text = row.digest == listed.mark
    if row.account_id == listed.account_id:
        removed = listed.message.text.startswith(REMOVED)
        return (not same_text, apart) if same_text or removed else None
    return (False, apart) if same_text and _nameless(listed.message) else None


def _nameless(message: Message) -> bool:
    author = message.author
    return author is None or not (author.username or author.email or author.name)


def _settle(
    comments: _Comments, matching: Matching, listed: dict[str, _Listed], asked_at: datetime | None
) -> None:
    """Unites or drops what the complete list does not hold."""
    newest = max((each.message.posted_at for each in listed.values()), default=None)
    spare: dict[tuple[int, int | None], list[StoredComment]] = {}
    for row in comments.by_seq.values():
        if row.message_id in listed and row.event_at is None:
            spare.setdefault((row.digest, row.account_id), []).append(row)
    for row in sorted(comments.by_seq.values(), key=lambda row: row.seq):
        if row.message_id is not None:
            if row.message_id not in listed and newest and row.posted_at < newest:
                matching.drops.append(row)
            continue
        at = row.event_at or row.posted_at
        same = spare.get((row.digest, row.account_id), [])
        near = [other for other in same if _near(at, other, UNITE)]
        if near:
            other = min(near, key=lambda other: _preference(other, at))
            same.remove(other)
            claimed = comments.put(other._replace(event_at=at))
            assert claimed.message_id is not None
            matching.updates.append(
                CommentWrite(claimed, listed[claimed.message_id].message, False)
            )
            matching.drops.append(row)
        elif _is_older(row, at, newest, asked_at):
            matching.drops.append(row)
            matching.forged += 1
        else:
            heard = row.heard_at or at
            matching.waiting = min(matching.waiting or heard, heard)


def _is_older(
    row: StoredComment, at: datetime, newest: datetime | None, asked_at: datetime | None
) -> bool:
    """Whether the list is of later than the comment, and would hold it."""
    if asked_at is not None and (row.heard_at or at) < asked_at:
        return True
    return newest is not None and at + UNITE < newest


def _renamed(comments: _Comments, matching: Matching, listed: _Listed, gone: set[int]) -> bool:
    row = comments.renamed(*listed, gone)
    if row is None:
        return False
    gone.remove(row.seq)
    _update(comments, matching, row, listed)
    return True


def _update(comments: _Comments, matching: Matching, row: StoredComment, listed: _Listed) -> None:
    message = listed.message
    keeps = row.account_id is not None and _nameless(message)
    new = row._replace(
        account_id=row.account_id if keeps else listed.account_id,
        posted_at=message.posted_at,
        message_id=message.message_id,
        position=message.position if message.position is not None else row.position,
        tag=message.tag,
        digest=listed.mark,
    )
    if new == row:
        matching.repeated += 1
        return
    before = (row.tag, row.digest, row.account_id, row.posted_at)
    reread = before != (new.tag, new.digest, new.account_id, new.posted_at)
    matching.updates.append(CommentWrite(comments.put(new), message, reread))


def _match_event(comments: _Comments, matching: Matching, listed: _Listed) -> None:
    event_at = listed.message.posted_at
    same = [
        row
        for row in comments.by_seq.values()
        if row.digest == listed.mark and row.account_id == listed.account_id
    ]
    if any(row.event_at == event_at for row in same):
        matching.repeated += 1
        return
    moved = comments.claim(event_at, [row for row in same if row.message_id is not None])
    matching.updates.extend(CommentWrite(row, listed.message, False) for row in moved)
    if not moved:
        matching.inserts.append(CommentWrite(comments.add(*listed), listed.message, True))
