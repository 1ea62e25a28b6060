"""Who hears of a CI: the channels of the routes that fit, and those who watch it in private."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from cibot.alerts.routing import Alert, receivers
from cibot.alerts.silences import Silence, silenced
from cibot.card import Card
from cibot.config import Config
from cibot.model import Channel
from cibot.store import outbox
from cibot.store.engine import Tx
from cibot.store.silences import silences_at
from cibot.store.watches import watchers_of

_KEY = 190  # characters of a dedupe key


def muted(tx: Tx, ci: str, now: datetime) -> Silence | None:
    """The silence that mutes a CI's alerts now, or None."""
    rules = [
        Silence(one.pattern, one.since, one.until, one.made_by, one.reason)
        for one in silences_at(tx, now)
    ]
    return silenced(rules, ci, now)


def tell_all(
    tx: Tx, config: Config, alert: Alert, ci_id: int, key: str, card: Card, now: datetime
) -> int:
    """Puts a message to everybody concerned into the outbox, once by ``key``; returns how many."""
    rooms = [Channel.parse(one) for one in receivers(config.route, alert)]
    for to in rooms:
        _enqueue(tx, f"{key}:{to}", to, card, now)
    return len(rooms) + _tell_watchers(tx, ci_id, key, card, now, rooms)


def _tell_watchers(
    tx: Tx, ci_id: int, key: str, card: Card, now: datetime, told: Iterable[Channel]
) -> int:
    """By private message; a network that is gone from the configuration has no sender."""
    count = 0
    for one in watchers_of(tx, ci_id):
        to = Channel(one.network, one.room)
        if to not in told:
            _enqueue(tx, f"{PRIVATE}{one.network}:{one.account}:{key}", to, card, now)
            count += 1
    return count


PRIVATE = "watch:"
"""How the dedupe key of a private message begins: what it says is nobody else's business."""


def _enqueue(tx: Tx, key: str, to: Channel, card: Card, now: datetime) -> None:
    if len(key) > _KEY:
        key = key[: _KEY - 33] + ":" + hashlib.sha256(key.encode()).hexdigest()[:32]
    outbox.enqueue(tx, key, to.network, to.room, card.to_json(), now)
