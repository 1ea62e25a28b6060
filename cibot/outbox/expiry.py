"""What to do with a message that waited for long, and with those that were given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from cibot.incidents.expiry import LATE, HeardStep, is_over, late_card
from cibot.store import digests
from cibot.store.digests import Written
from cibot.store.engine import Tx
from cibot.store.outbox import MessageKind, MessageState, Outgoing
from cibot.text.card import Card

_WORTH = timedelta(days=7)  # older ones stay given up
_FIRST_AGAIN_S = 300.0
_LAST_AGAIN_S = 3600.0


def may_be_moot(outgoing: Outgoing, now: datetime) -> bool:
    """Whether to check `is_moot`: spares messages that are in time a query."""
    return now - outgoing.created_at >= LATE or outgoing.about.step == "resolved"


def is_moot(tx: Tx, outgoing: Outgoing, now: datetime) -> bool:
    """Whether a late message speaks of something that is over by now."""
    late = now - outgoing.created_at >= LATE
    about = outgoing.about
    if about.step is not None and (about.incident is not None or about.group is not None):
        before, after = _around(tx, outgoing)
        gone = late and about.step != "resolved" and digests.tells_of_past(tx, outgoing)
        return gone or is_over(about.step, before, after, late=late)
    return late and about.kind is MessageKind.SUMMARY and digests.is_replaced(tx, outgoing)


def _around(tx: Tx, outgoing: Outgoing) -> tuple[list[HeardStep], list[HeardStep]]:
    """The steps of its incident, or mass failure, in the message's room: before it, after it."""
    before: list[HeardStep] = []
    after: list[HeardStep] = []
    for row in digests.steps_in_room(tx, outgoing):
        missed = row.state in {MessageState.LATE, MessageState.DEAD}
        step = HeardStep(row.step, said=row.state is MessageState.SENT, missed=missed)
        (before if row.id < outgoing.id else after).append(step)
    return before, after


def lay_aside(tx: Tx, outgoing: Outgoing, now: datetime) -> None:
    """Puts a claimed message that is moot into its room's digest, and what was given up before."""
    digests.lay_aside(tx, outgoing, now, _digest)


def _digest(written: Written) -> str:
    return late_card([(at, Card.read(card)) for at, card in written]).to_json()


def again_at(now: datetime, attempts: int) -> datetime:
    """When a given up message is tried again, in case somebody has acted: 5 to 60 minutes on."""
    wait = min(_LAST_AGAIN_S, _FIRST_AGAIN_S * 2.0 ** min(attempts - 1, 10))
    return now + timedelta(seconds=wait)


def revive(tx: Tx, network: str, now: datetime, room: str | None = None) -> int:
    """Makes given up messages of the last week due: all of ``room``, or one whose time has come."""
    return digests.revive(tx, network, now - _WORTH, now, room)
