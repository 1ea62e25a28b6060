"""What is no longer worth saying when a room can be spoken to again after a long while. Pure.

An alert that could not be said for an hour is said only if it is still true. What is over by
then makes one digest, which names each incident that was not announced there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.text.card import Card, Line, Span, line
from cibot.text.figures import moment

LATE = timedelta(hours=1)
"""What waited for less than this is said as it is."""

_SHOWN = 10  # incidents that a digest names


@dataclass(frozen=True, slots=True)
class HeardStep:
    """A step of an incident among a room's messages: said there, missed by it, or neither yet.

    ``missed`` ones were given up, or laid aside as these here may be.
    """

    name: str
    said: bool = False
    missed: bool = False


def is_over(
    name: str, before: Sequence[HeardStep], after: Sequence[HeardStep], *, late: bool
) -> bool:
    """Whether the message of the step ``name`` is no longer worth saying.

    ``before`` and ``after`` are the other steps of its incident in the room, in their order. An
    end is worth saying only to those who heard that it was bad; one that is not late itself is
    said, unless they missed that.
    """
    if name != "resolved":
        return late and any(step.name == "resolved" for step in after)
    known = [step for step in before if step.said or step.missed]
    if not known:
        return late
    return known[-1].missed or (late and known[-1].name == "resolved")


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
