"""Who hears of a CI: the channels of the routes that fit, and those who watch it in private."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from cibot.alerts.message import digest_card
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
DIGEST = timedelta(minutes=15)
PRIVATE = "watch:"
"""How the dedupe key of a private message begins: what it says is nobody else's business."""


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
        _tell_room(tx, config, to, _key(f"{key}:{to}"), card, now)
    return len(rooms) + _tell_watchers(tx, config, ci_id, key, card, now, rooms)


def _tell_room(tx: Tx, config: Config, to: Channel, key: str, card: Card, now: datetime) -> None:
    """The alert itself or, where the room heard enough within the hour, a place in the digest."""
    if outbox.has(tx, key):
        return
    since = now - timedelta(hours=1)
    said = [state for state, _card in outbox.said_since(tx, to.network, to.room, since)]
    if sum(state != "folded" for state in said) < config.flood.alerts_per_hour:
        outbox.enqueue(tx, key, to.network, to.room, card.to_json(), now)
        return
    outbox.fold(tx, key, to.network, to.room, card.to_json(), now)
    start = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % DIGEST
    folded = [
        Card.from_json(one)
        for state, one in outbox.said_since(tx, to.network, to.room, start)
        if state == "folded"
    ]
    digest = digest_card(folded, config.flood.alerts_per_hour).to_json()
    for slot in (start, start + DIGEST):  # the first is out already where clocks differ
        name = _key(f"digest:{slot:%Y%m%dT%H%M}:{to}")
        if outbox.put_digest(tx, name, to.network, to.room, digest, now, slot + DIGEST):
            return


def _tell_watchers(
    tx: Tx,
    config: Config,
    ci_id: int,
    key: str,
    card: Card,
    now: datetime,
    told: Iterable[Channel],
) -> int:
    """By private message; a network that is gone from the configuration has no sender."""
    networks = {one.name for one in config.irc} | {one.name for one in config.slack}
    if config.console:
        networks.add("console")
    count = 0
    for one in watchers_of(tx, ci_id):
        to = Channel(one.network, one.room)
        if one.network in networks and to not in told:
            _enqueue(tx, f"{PRIVATE}{one.network}:{one.account}:{key}", to, card, now)
            count += 1
    return count


def _enqueue(tx: Tx, key: str, to: Channel, card: Card, now: datetime) -> None:
    outbox.enqueue(tx, _key(key), to.network, to.room, card.to_json(), now)


def _key(text: str) -> str:
    """Text that fits into the column and is still of its own."""
    if len(text) <= _KEY:
        return text
    return text[: _KEY - 33] + ":" + hashlib.sha256(text.encode()).hexdigest()[:32]
