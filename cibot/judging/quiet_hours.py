"""Ends the quiet hours of channels: one message says what waited and is still true."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from cibot.config.models import Config
from cibot.incidents.messages import quiet_card
from cibot.incidents.routing import Held, worth_saying
from cibot.judging.audience import Ticker, home, muted
from cibot.model import Channel
from cibot.store import outbox
from cibot.store.cis import all_cis
from cibot.store.digests import held_until, hold_on, said_after
from cibot.store.engine import Store, Tx
from cibot.store.incidents import StoredIncident, incident_by_id
from cibot.store.outbox import About, MessageKind, StoredMessage
from cibot.text.card import Card

log = logging.getLogger(__name__)

_LOOK_AGAIN = timedelta(minutes=5)  # whether a silence still lasts


def quiet_ticker(
    store: Store, config: Config, clock: Callable[[], datetime], wake: Callable[[], None]
) -> Ticker:
    """Sends the waiting messages of rooms whose quiet hours are over."""
    page = home(config)
    return Ticker(
        store, clock, wake,
        lambda tx, now: held_until(tx, now, 1), lambda tx, now: _release(tx, now, page),
    )  # fmt: skip


def _release(tx: Tx, now: datetime, page: str | None) -> int:
    """Releases the waiting messages of each room; returns the number of messages written."""
    rows = held_until(tx, now)
    said = 0
    for network, room in dict.fromkeys((row.network, row.room) for row in rows):
        here = [row for row in rows if (row.network, row.room) == (network, room)]
        said += _tell(tx, here, now, page)
    return said


def _tell(tx: Tx, rows: list[StoredMessage], now: datetime, page: str | None) -> bool:
    """One message for one room; what a silence mutes by now goes on waiting."""
    incidents = _incidents(tx, rows)
    names = {ci.id: ci.name for ci in all_cis(tx)}
    silent = {
        number
        for number, incident in incidents.items()
        if incident.resolved_at is None and muted(tx, names.get(incident.ci_id, ""), now)
    }
    waiting = [row for row in rows if row.incident in silent]
    rows = [row for row in rows if row not in waiting]
    if waiting:
        hold_on(tx, [row.id for row in waiting], now + _LOOK_AGAIN)
    if not rows:
        return False
    opened = {number: incident.resolved_at is None for number, incident in incidents.items()}
    held = [_held(row) for row in rows if row.incident is None or not said_after(tx, row)]
    cards = worth_saying(held, opened)
    log.info("quiet hours over room=%s/%s held=%d told=%d", rows[0].network, rows[0].room,
             len(rows), len(cards))  # fmt: skip
    last = rows[-1]
    about = About(MessageKind.QUIET, f"quiet:{last.id}")
    if cards:
        to, card = Channel(last.network, last.room), quiet_card(cards, page).to_json()
        outbox.enqueue(tx, about, to, card, now)
    outbox.fold_waiting(tx, [row.id for row in rows], about.key if cards else None)
    return bool(cards)


def _incidents(tx: Tx, rows: Iterable[StoredMessage]) -> dict[int, StoredIncident]:
    numbers = {row.incident for row in rows if row.incident is not None}
    stored = {number: incident_by_id(tx, number) for number in sorted(numbers)}
    return {number: incident for number, incident in stored.items() if incident is not None}


def _held(row: StoredMessage) -> Held:
    return Held(row.incident, row.step or "", Card.read(row.card))
