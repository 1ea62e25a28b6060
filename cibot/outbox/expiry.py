"""What to do with a message that waited for long, and with those that were given up.

An alert that could not be said for an hour is said only if it is still true. What is over by
then makes one digest, which names each incident that was not announced there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cibot.store import digests
from cibot.store.digests import RoomStep, Written
from cibot.store.engine import Tx
from cibot.store.incidents import merged_numbers
from cibot.store.outbox import MessageKind, MessageState, Outgoing
from cibot.text.card import Card, Line, Span, line
from cibot.text.figures import moment

_WORTH = timedelta(days=7)  # older ones stay given up
_FIRST_AGAIN_S = 300.0
_LAST_AGAIN_S = 3600.0
LATE = timedelta(hours=1)
"""What waited for less than this is said as it is."""

_SHOWN = 10  # incidents that a digest names
_MISSED = frozenset({MessageState.LATE, MessageState.DEAD})
"""States of messages that a room did not hear: given up, or laid aside."""


def may_be_moot(outgoing: Outgoing, now: datetime) -> bool:
    """Whether to check `is_moot`: spares messages that are in time a query."""
    return now - outgoing.created_at >= LATE or outgoing.about.step == "resolved"


def is_moot(tx: Tx, outgoing: Outgoing, now: datetime) -> bool:
    """Whether a late message speaks of something that is over by now."""
    late = now - outgoing.created_at >= LATE
    about = outgoing.about
    if about.step is not None and (about.incident is not None or about.group is not None):
        steps = digests.steps_in_room(tx, outgoing)
        before = [step for step in steps if step.id < outgoing.id]
        after = [step for step in steps if step.id > outgoing.id]
        gone = late and about.step != "resolved" and digests.tells_of_past(tx, outgoing)
        return gone or is_over(about.step, before, after, late=late)
    return late and about.kind is MessageKind.SUMMARY and digests.is_replaced(tx, outgoing)


def lay_aside(tx: Tx, outgoing: Outgoing, now: datetime) -> None:
    """Puts a claimed message that is moot into its room's digest, and what was given up before."""

    def digest(written: Written) -> str:
        cards = [(at, Card.read(card)) for at, card in written]
        numbers = merged_numbers(tx, set().union(*(card.incidents for _at, card in cards)))
        return late_card([(at, card.renumbered(numbers)) for at, card in cards]).to_json()

    digests.lay_aside(tx, outgoing, now, digest)


def again_at(now: datetime, attempts: int) -> datetime:
    """When a given up message is tried again, in case somebody has acted: 5 to 60 minutes on."""
    wait = min(_LAST_AGAIN_S, _FIRST_AGAIN_S * 2.0 ** min(attempts - 1, 10))
    return now + timedelta(seconds=wait)


def revive(tx: Tx, network: str, now: datetime, room: str | None = None) -> int:
    """Makes given up messages of the last week due: all of ``room``, or one whose time has come."""
    return digests.revive(tx, network, now - _WORTH, now, room)


def is_over(
    name: str, before: Sequence[RoomStep], after: Sequence[RoomStep], *, late: bool
) -> bool:
    """Whether the message of the step ``name`` is no longer worth saying.

    ``before`` and ``after`` are the other steps of its incident in the room, in their order. An
    end is worth saying only to those who heard that it was bad; one that is not late itself is
    said, unless they missed that.
    """
    if name != "resolved":
        return late and any(step.step == "resolved" for step in after)
    finished = [step for step in before if step.state in _MISSED or step.state is MessageState.SENT]
    if not finished:
        return late
    return finished[-1].state in _MISSED or (late and finished[-1].step == "resolved")


def late_card(cards: Sequence[tuple[datetime, Card]]) -> Card:
    """The digest of messages that were laid aside, each with the time it was written at."""
    since: dict[object, datetime] = {}
    newest: dict[object, Line] = {}
    for number, (at, card) in enumerate(cards):
        which: object = card.incident if card.incident is not None else f"message {number}"
        since.setdefault(which, at)
        if card.lines:
            newest[which] = card.lines[0]
    count = len(newest)
    head = line(Span("While I could not speak here", strong=True), ", this came and went:")
    shown = list(newest)[-_SHOWN:]
    lines = [line(f"{moment(since[key])}: ", *newest[key]) for key in shown]
    more = [line(f"and {count - _SHOWN} before")] if count > _SHOWN else []
    return Card((head, *more, *lines))
