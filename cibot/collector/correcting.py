"""Corrects what feeds report: renamed projects, events that are not true, times in the future.

A wrong clock wrote these. Left as they are, they would stay a change's or a CI's newest news for
ever: its status would no longer move, and its silence would never be noticed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cibot.collector.match import UNITE
from cibot.collector.rows import Batch
from cibot.model import Change, Message
from cibot.store.changes import (
    Place,
    changes_of_numbers,
    is_same_change,
    move_change,
    place_of,
    put_right,
)
from cibot.store.comments import StoredComment
from cibot.store.engine import Tx
from cibot.store.feeds import feed_failed, feed_rejected
from cibot.store.hiding import hide_changes, rewrite_cards
from cibot.store.tally import counting
from cibot.text.card import Card

log = logging.getLogger(__name__)

FEED = "webhook"


def report_forged(tx: Tx, server_id: int, server: str, comments: int, now: datetime) -> None:
    """Notes with the feed that so many comments were taken back."""
    said = (
        f"{comments} comments that events brought were taken back: Gerrit does not hold them;"
        " if this comes again, give the webhook another token"
    )
    log.warning("events were forged server=%s: %s", server, said)
    feed_failed(tx, server_id, FEED, said, now)
    feed_rejected(tx, server_id, FEED, comments)


GRACE = timedelta(minutes=1)  # REST may lag behind an event for so long
_UNDER_WAY = timedelta(minutes=2)  # an answer of REST, where it is not known when it was asked


def asked_at(change: Change, now: datetime) -> datetime:
    """When REST was asked for a change that was read by ``now``."""
    return change.asked_at or (now - _UNDER_WAY)


def correct(tx: Tx, server_id: int, changes: Sequence[Change], batch: Batch) -> set[int]:
    """Corrects the stored comments of changes that REST returned whole.

    Changes of which REST gives less than a fresh event did, and since when, are ``waiting``
    in the batch: they are asked for again. Returns the changes that were deleted since
    another one has their number now, as on a server that was set up again.
    """
    whole = {place_of(change): change for change in changes if change.complete}
    rows = changes_of_numbers(tx, server_id, {number for _project, number in whole})
    stored = {(row.project, row.number): row for row in rows}
    replaced: dict[Place, int] = {}
    for place, change in whole.items():
        row = stored.get(place)
        if row is None:
            others = (other for other in rows if other.number == place[1])
            moved = next((other for other in others if is_same_change(tx, other.id, change)), None)
            if moved is not None:
                log.info("project renamed from=%s to=%s", moved.project, place[0])
                move_change(tx, moved.id, place[0])
        elif change.created > row.created_at + UNITE and not is_same_change(tx, row.id, change):
            log.info("another change has the number now change=%s~%d", *place)
            replaced[place] = row.id
        elif row.unconfirmed_since is not None:
            if asked_at(change, batch.heard_at) - row.unconfirmed_since >= GRACE:
                if put_right(tx, row, change, batch.heard_at):
                    log.warning("events of a change were not so change=%s~%d", *place)
            elif row.updated_at > change.updated:
                batch.waiting[row.id] = row.unconfirmed_since
    if replaced:
        hide(tx, replaced, batch)
    return set(replaced.values())


def hide(tx: Tx, rows: Mapping[Place, int], batch: Batch) -> None:
    """Deletes changes with all they hold; messages that are not out yet do not name them."""
    with counting(tx) as tally:
        batch.withdrawn |= hide_changes(tx, rows.values(), tally, batch.heard_at)
    numbers = {number for _project, number in rows}

    def without(text: str) -> str:
        named = any(str(number) in text for number in numbers)
        return Card.read(text).without_changes(numbers).to_json() if named else text

    rewrite_cards(tx, without)


AHEAD = timedelta(hours=1)  # what another server's clock may be ahead of ours


def not_ahead(change: Change, now: datetime, stored: Iterable[StoredComment] = ()) -> Change:
    """The change with every time of the future set to ``now``.

    A message that is stored already (by its id, under ``stored``) keeps the time that it got
    then, so that telling it again changes nothing.
    """
    limit = now + AHEAD
    if max((change.updated, change.created, *_times(change))) <= limit:
        return change
    now = now.replace(microsecond=0)
    given = {row.message_id: row.posted_at for row in stored if row.message_id is not None}

    def message(received: Message) -> Message:
        if received.posted_at <= limit:
            return received
        return replace(
            received, posted_at=given.get(received.message_id, now) if received.message_id else now
        )

    def moment(at: datetime) -> datetime:
        return at if at <= limit else now

    return replace(
        change,
        created=moment(change.created),
        updated=moment(change.updated),
        closed=moment(change.closed) if change.closed else None,
        messages=tuple(map(message, change.messages)),
        patch_sets=tuple(
            replace(patch_set, uploaded_at=moment(patch_set.uploaded_at))
            for patch_set in change.patch_sets
        ),
    )


def _times(change: Change) -> Iterable[datetime]:
    yield from (message.posted_at for message in change.messages)
    yield from (patch_set.uploaded_at for patch_set in change.patch_sets)
    if change.closed is not None:
        yield change.closed
