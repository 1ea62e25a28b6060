"""Who hears of a CI: the channels of the routes that fit, and those who watch it in private."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from cibot.config.models import Config
from cibot.incidents.messages import digest_card
from cibot.incidents.routing import Alert, covers, quiet_until, receivers, silenced
from cibot.model import Channel, Silence
from cibot.store import digests, outbox
from cibot.store.digests import Written
from cibot.store.engine import Store, Tx
from cibot.store.gathered import say_gathered
from cibot.store.outbox import About, MessageKind, MessageState, StoredMessage, fold_waiting
from cibot.store.silences import silences_at, silences_ended
from cibot.store.watches import watchers_of
from cibot.text.card import Card

_KEY = 190  # characters of a dedupe key
_ENDS = frozenset({"resolved", "acknowledged"})
DIGEST = timedelta(minutes=15)
_REMEMBERED = timedelta(days=7)  # a silence that ended longer ago is not spoken of again


def home(config: Config) -> str | None:
    """The address of the page over all CIs."""
    base = config.web.public_url
    return str(base).rstrip("/") if base else None


def muted(tx: Tx, ci: str, now: datetime) -> Silence | None:
    """The silence that mutes a CI's alerts now, or None."""
    return silenced(silences_at(tx, now), ci, now)


def silence_before(tx: Tx, ci_id: int, name: str, now: datetime) -> Silence | None:
    """The CI's silence that ended last, if no message about the CI was sent since; else None."""
    ended = silences_ended(tx, now - _REMEMBERED, now)
    own = (silence for silence in ended if covers(silence, name))
    last = max(own, key=lambda silence: silence.end, default=None)
    if last is None or outbox.sent_about_ci(tx, ci_id, last.end):
        return None
    return last


def tell_all(
    tx: Tx,
    config: Config,
    alert: Alert,
    ci_id: int,
    about: About,
    card: Card,
    now: datetime,
    *,
    gather: datetime | None = None,
) -> int:
    """Puts a message to everybody concerned into the outbox, once by its key; returns how many.

    With ``gather`` it waits for those of other CIs, until then.
    """
    rooms = [Channel.parse(name) for name in _rooms(tx, config, alert, about)]
    loud = receivers([route for route in config.route if not route.quiet], alert)
    for to in rooms:
        until = None
        if str(to) not in loud:
            until = quiet_until(config.quiet, str(to), alert.severity, now)
        here = replace(about, key=bounded_key(f"{about.key}:{to}"))
        tell_room(tx, config, to, here, card, now, quiet=until, gather=gather)
    return len(rooms) + _tell_watchers(tx, config, ci_id, about, card, now, rooms, gather)


def _rooms(tx: Tx, config: Config, alert: Alert, about: About) -> list[str]:
    """The rooms of the routes that fit; an end goes wherever the opening went.

    An incident that eased no longer fits a route that takes what is failing only.
    """
    rooms = list(receivers(config.route, alert))
    if about.incident is not None and about.step in _ENDS:
        routed = dict.fromkeys(name for route in config.route for name in route.channels)
        heard = {str(room) for room in outbox.rooms_of(tx, about.incident)}
        rooms += [name for name in routed if name in heard and name not in rooms]
    return rooms


def tell_room(
    tx: Tx,
    config: Config,
    to: Channel,
    about: About,
    card: Card,
    now: datetime,
    *,
    quiet: datetime | None = None,
    gather: datetime | None = None,
) -> None:
    """The alert itself or, where the room heard enough within the hour, a place in the digest.

    In quiet hours it waits for their end, ``quiet``, else with ``gather`` for other CIs.
    """
    text = card.to_json()
    if outbox.has(tx, about.key):
        return
    if quiet is not None:
        outbox.enqueue(tx, about, to, text, now, due=quiet, state=MessageState.HELD)
        return
    if gather is not None:
        outbox.enqueue(tx, about, to, text, now, due=gather, state=MessageState.GATHERED)
        return
    if outbox.said_since(tx, to, now - timedelta(hours=1)) < config.flood.alerts_per_hour:
        outbox.enqueue(tx, about, to, text, now)
        return
    outbox.enqueue(tx, about, to, text, now, state=MessageState.FOLDED)
    _digest(tx, config, to, about.key, now)


def _digest(tx: Tx, config: Config, to: Channel, key: str, now: datetime) -> None:
    """Lets the room's next digest tell of the message ``key``."""

    def write(folded: Written) -> str:
        cards = [Card.read(row) for _at, row in folded]
        return digest_card(cards, config.flood.alerts_per_hour, home(config)).to_json()

    start = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % DIGEST
    for slot in (start, start + DIGEST):  # the first is out already where clocks differ
        digest = About(MessageKind.DIGEST, bounded_key(f"digest:{slot:%Y%m%dT%H%M}:{to}"))
        if digests.fold(tx, key, digest, to, slot + DIGEST, now, write):
            return


def tell_alone(
    tx: Tx, config: Config, message: StoredMessage, now: datetime, card: Card | None = None
) -> None:
    """Says what was gathered by itself, maybe with another card; or puts it into the digest."""
    since = now - timedelta(hours=1)
    limit = config.flood.alerts_per_hour
    if message.account is not None or outbox.said_since(tx, message.to, since) < limit:
        say_gathered(tx, message.id, now, None if card is None else card.to_json())
        return
    fold_waiting(tx, [message.id])
    _digest(tx, config, message.to, message.key, now)


def _tell_watchers(
    tx: Tx,
    config: Config,
    ci_id: int,
    about: About,
    card: Card,
    now: datetime,
    already: Iterable[Channel],
    gather: datetime | None,
) -> int:
    """By private message; a network that is gone from the configuration has no sender."""
    count = 0
    for watch in watchers_of(tx, ci_id):
        to = Channel(watch.network, watch.room)
        if to not in already and config.network(watch.network) is not None:
            key = bounded_key(f"watch:{watch.network}:{watch.account}:{about.key}")
            private = replace(about, key=key, account=watch.account)
            state = MessageState.PENDING if gather is None else MessageState.GATHERED
            outbox.enqueue(tx, private, to, card.to_json(), now, due=gather, state=state)
            count += 1
    return count


def bounded_key(text: str) -> str:
    """Text that fits into the column and is still of its own."""
    if len(text) <= _KEY:
        return text
    return text[: _KEY - 33] + ":" + hashlib.sha256(text.encode()).hexdigest()[:32]


class Ticker:
    """Sends what waited for its time; `tick` is called every minute or so, by the leader."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        waits: Callable[[Tx, datetime], object],
        tell: Callable[[Tx, datetime], int],
    ) -> None:
        """``waits`` says whether ``tell`` is worth a transaction that writes."""
        self._store = store
        self._clock = clock
        self._wake = wake
        self._waits = waits
        self._tell = tell

    def tick(self) -> None:
        """Sends what is due. Raises StoreError."""
        now = self._clock()
        if not self._store.read(lambda tx: self._waits(tx, now)):
            return
        if self._store.write(lambda tx: self._tell(tx, now)):
            self._wake()
