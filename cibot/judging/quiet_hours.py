"""Ends the quiet hours of channels: what waited and is still true is told together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from cibot.config.models import Config
from cibot.incidents.messages import quiet_card
from cibot.incidents.quiet_hours import Held, worth_saying
from cibot.judging.audience import home, muted
from cibot.store import outbox
from cibot.store.cis import all_cis
from cibot.store.engine import Store, Tx
from cibot.store.held import HeldMessage, fold_held, held_until, hold_on, said_after
from cibot.store.incidents import StoredIncident, incident_by_id
from cibot.text.card import Card

log = logging.getLogger(__name__)

_LOOK_AGAIN = timedelta(minutes=5)  # whether a silence still lasts


class QuietHours:
    """`tick` is called every minute or so, by the leader."""

    def __init__(
        self,
        store: Store,
        config: Config,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._page = home(config)
        self._clock = clock
        self._wake = wake

    def tick(self) -> None:
        """Tells what waited where the quiet hours are over. Raises StoreError."""
        now = self._clock()
        if not self._store.read(lambda tx: held_until(tx, now, 1)):
            return
        if self._store.write(lambda tx: _release(tx, now, self._page)):
            self._wake()


def _release(tx: Tx, now: datetime, page: str | None) -> int:
    """The number of messages that tell of what waited."""
    rows = held_until(tx, now)
    said = 0
    for network, room in dict.fromkeys((one.network, one.room) for one in rows):
        here = [one for one in rows if (one.network, one.room) == (network, room)]
        said += _tell(tx, here, now, page)
    return said


def _tell(tx: Tx, rows: list[HeldMessage], now: datetime, page: str | None) -> bool:
    """One message for one room; what a silence mutes by now goes on waiting."""
    incidents = _incidents(tx, rows)
    names = {one.id: one.name for one in all_cis(tx)}
    silent = {
        number
        for number, one in incidents.items()
        if one.resolved_at is None and muted(tx, names.get(one.ci_id, ""), now)
    }
    waiting = [one for one in rows if _incident_of(one) in silent]
    rows = [one for one in rows if one not in waiting]
    if waiting:
        hold_on(tx, [one.id for one in waiting], now + _LOOK_AGAIN)
    if not rows:
        return False
    fold_held(tx, [one.id for one in rows])
    opened = {number: one.resolved_at is None for number, one in incidents.items()}
    held = [_held(one) for one in rows if not _is_told(tx, one)]
    cards = worth_saying(held, opened)
    log.info("quiet hours over room=%s/%s held=%d told=%d", rows[0].network, rows[0].room,
             len(rows), len(cards))  # fmt: skip
    if cards:
        card, last = quiet_card(cards, page).to_json(), rows[-1]
        outbox.enqueue(tx, f"quiet:{last.id}", last.network, last.room, card, now)
    return bool(cards)


def _incidents(tx: Tx, rows: Iterable[HeldMessage]) -> dict[int, StoredIncident]:
    numbers = {number for one in rows if (number := _incident_of(one)) is not None}
    found = {number: incident_by_id(tx, number) for number in sorted(numbers)}
    return {number: one for number, one in found.items() if one is not None}


def _is_told(tx: Tx, row: HeldMessage) -> bool:
    """Whether something newer of the incident came through the quiet hours."""
    number = _incident_of(row)
    return number is not None and said_after(tx, number, row.network, row.room, row.id)


def _held(row: HeldMessage) -> Held:
    parts = row.key.split(":")
    return Held(_incident_of(row), parts[3] if len(parts) > 3 else "", Card.from_json(row.card))


def _incident_of(row: HeldMessage) -> int | None:
    """Keys of incidents are ``incident:ID:SEQ:STEP:ROOM``."""
    parts = row.key.split(":")
    return int(parts[1]) if parts[0] == "incident" and parts[1].isdigit() else None
