"""Who hears of a CI: the channels of the routes that fit, and those who watch it in private."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from cibot.config.models import Config
from cibot.incidents.messages import digest_card
from cibot.incidents.quiet_hours import quiet_until
from cibot.incidents.routing import Alert, receivers
from cibot.incidents.silences import Silence, silenced
from cibot.model import Channel
from cibot.store import outbox
from cibot.store.engine import Tx
from cibot.store.held import rooms_of
from cibot.store.silences import silences_at
from cibot.store.watches import watchers_of
from cibot.text.card import Card

_KEY = 190  # characters of a dedupe key
_ENDS = (":resolved", ":acknowledged")
DIGEST = timedelta(minutes=15)
PRIVATE = "watch:"
"""How the dedupe key of a private message begins: what it says is nobody else's business."""


def home(config: Config) -> str | None:
    """The address of the page over all CIs."""
    base = config.web.public_url
    return str(base).rstrip("/") if base else None


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
    rooms = [Channel.parse(one) for one in _rooms(tx, config, alert, key, card)]
    loud = receivers([one for one in config.route if not one.quiet], alert)
    for to in rooms:
        until = None
        if str(to) not in loud:
            until = quiet_until(config.quiet, str(to), alert.severity, now)
        _tell_room(tx, config, to, _key(f"{key}:{to}"), card, now, until)
    return len(rooms) + _tell_watchers(tx, config, ci_id, key, card, now, rooms)


def _rooms(tx: Tx, config: Config, alert: Alert, key: str, card: Card) -> list[str]:
    """The rooms of the routes that fit; an end is told wherever the beginning was.

    An incident that eased no longer fits a route that takes what is failing only.
    """
    rooms = list(receivers(config.route, alert))
    if card.incident is not None and key.endswith(_ENDS):
        routed = dict.fromkeys(name for route in config.route for name in route.channels)
        heard = {f"{network}/{room}" for network, room in rooms_of(tx, card.incident)}
        rooms += [name for name in routed if name in heard and name not in rooms]
    return rooms


def _tell_room(
    tx: Tx,
    config: Config,
    to: Channel,
    key: str,
    card: Card,
    now: datetime,
    quiet: datetime | None,
) -> None:
    """The alert itself or, where the room heard enough within the hour, a place in the digest.

    In quiet hours it waits for their end, ``quiet``.
    """
    if outbox.has(tx, key):
        return
    if quiet is not None:
        outbox.hold(tx, key, to.network, to.room, card.to_json(), now, quiet)
        return
    since = now - timedelta(hours=1)
    said = [state for state, _card in outbox.said_since(tx, to.network, to.room, since)]
    if sum(state not in {"folded", "held"} for state in said) < config.flood.alerts_per_hour:
        outbox.enqueue(tx, key, to.network, to.room, card.to_json(), now)
        return
    outbox.fold(tx, key, to.network, to.room, card.to_json(), now)
    start = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % DIGEST
    folded = [
        Card.from_json(one)
        for state, one in outbox.said_since(tx, to.network, to.room, start)
        if state == "folded"
    ]
    page = home(config)
    digest = digest_card(folded, config.flood.alerts_per_hour, page).to_json()
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
    networks = {network.name for network in config.networks()}
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
