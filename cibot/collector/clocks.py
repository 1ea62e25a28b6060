"""Times of the future, which a wrong clock wrote. Pure.

Left as they are, they would stay a change's or a CI's newest news for ever: its
status would no longer move, and its silence would never be noticed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from cibot.model import Change, Message
from cibot.store.comments import StoredComment

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

    def message(one: Message) -> Message:
        if one.posted_at <= limit:
            return one
        return replace(one, posted_at=given.get(one.message_id, now) if one.message_id else now)

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
