"""What to do with a message that waited for long, and with those that were given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from cibot.incidents.expiry import LATE, Step, is_over, late_card, step_of
from cibot.store import expired
from cibot.store.engine import Tx
from cibot.store.expired import Written
from cibot.store.incidents import opened_since
from cibot.store.outbox import Outgoing
from cibot.text.card import Card

_TOGETHER = "together:"
_SUMMARY = "summary:"
_WORTH = timedelta(days=7)  # older ones stay given up
_FIRST_AGAIN_S = 300.0
_LAST_AGAIN_S = 3600.0


def may_be_moot(outgoing: Outgoing, now: datetime) -> bool:
    """Whether it is worth a look: no message that is sent in time asks the database more."""
    step = step_of(outgoing.key)
    return now - outgoing.created_at >= LATE or (step is not None and step[1] == "resolved")


def is_moot(tx: Tx, outgoing: Outgoing, now: datetime) -> bool:
    """Whether what a message says is over by now, and was not said in time."""
    late = now - outgoing.created_at >= LATE
    step = step_of(outgoing.key)
    if step is not None:
        before, after = _around(tx, outgoing, step[0])
        return is_over(step[1], before, after, late=late)
    if late and outgoing.key.startswith(_TOGETHER):
        opened = opened_since(tx, outgoing.created_at - LATE)
        mine = [one for one in opened if one.opened_at and one.opened_at <= outgoing.created_at]
        return all(one.resolved_at is not None for one in mine)
    if late and outgoing.key.startswith(_SUMMARY):
        rows = expired.messages_of(tx, outgoing, _SUMMARY)
        return any(row_id > outgoing.id for row_id, _key, _state in rows)
    return False


def _around(tx: Tx, outgoing: Outgoing, incident: int) -> tuple[list[Step], list[Step]]:
    """The incident's steps in the message's room, before it and after it."""
    before: list[Step] = []
    after: list[Step] = []
    for row_id, key, state in expired.messages_of(tx, outgoing, f"incident:{incident}:"):
        step = step_of(key)
        if step is not None and row_id != outgoing.id:
            side = before if row_id < outgoing.id else after
            side.append(Step(step[1], said=state == "sent", missed=state in {"late", "dead"}))
    return before, after


def lay_aside(tx: Tx, outgoing: Outgoing, now: datetime) -> None:
    """Puts a claimed message that is moot into its room's digest, and what was given up before."""
    step = step_of(outgoing.key)
    prefix = outgoing.key if step is None else f"incident:{step[0]}:"
    expired.lay_aside(tx, outgoing, now, _digest, prefix)


def _digest(written: Written) -> str:
    return late_card([(at, Card.from_json(card)) for at, card in written]).to_json()


def again_at(now: datetime, attempts: int) -> datetime:
    """When a given up message is tried again, in case somebody has acted: 5 to 60 minutes on."""
    wait = min(_LAST_AGAIN_S, _FIRST_AGAIN_S * 2.0 ** min(attempts - 1, 10))
    return now + timedelta(seconds=wait)


def revive(tx: Tx, network: str, now: datetime, room: str | None = None) -> int:
    """Makes given up messages of the last week due: all of ``room``, or one whose time has come."""
    return expired.revive(tx, network, now - _WORTH, now, room)
