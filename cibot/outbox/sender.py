"""The outbox's sender: each message reaches its room, once, in its room's order.

A message is claimed before it is sent and marked after. One that was claimed
and never marked was cut off by a crash or a lost answer: the network is asked
for it first, and where it cannot tell, it is sent again, marked as a possible
repeat.

An alert that could not be said for an hour is said only if it is still true. What is over by
then makes one digest, which names each incident that was not announced there.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cibot.chat.protocol import Backend, Channel
from cibot.errors import CibotError, Permanent, Transient, Unconfirmed, reason_of
from cibot.store import digests, outbox
from cibot.store.digests import Written
from cibot.store.engine import Store, Tx
from cibot.store.incidents import merged_numbers
from cibot.store.outbox import About, MessageKind, MessageState, Outgoing, StoredMessage
from cibot.text.card import Card, Line, Span, card, line
from cibot.text.figures import moment

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
REPEAT = "(possibly a repeat)"
_LONGEST_WAIT_S = 300.0
_PRIVATE = timedelta(hours=1)  # so long somebody who is away is looked for
_LOOK_EVERY = timedelta(minutes=1)
_IDLE_S = 1.0  # what another process put back for later comes due without a wake
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # by the clock of any host
_GLANCES = 10  # meanwhile, whether a network that was away is there


class Sender:
    """Sends what is in the outbox, one thread a network.

    ``leads`` says whether this process may send; what it takes to send, it takes
    through ``claims``, which refuses once another process leads. What became of a
    message is noted through ``store``, then too. ``rooms`` are where a message that
    cannot be delivered is reported.
    """

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        clock: Callable[[], datetime],
        *,
        rooms: Sequence[Channel] = (),
        leads: Callable[[], bool] = lambda: True,
        claims: Store | None = None,
    ) -> None:
        self._store = store
        self._claims = claims or store
        self._backends = backends
        self._clock = clock
        self._rooms = rooms
        self._leads = leads
        self._wakes = {network: threading.Event() for network in backends}
        self._works: set[Channel] = set()  # rooms where the last message of this process got out
        self._looked: dict[str, datetime] = {}
        self._due: dict[str, list[datetime]] = {network: [] for network in backends}  # put back
        self._unclear: dict[str, set[datetime]] = {network: set() for network in backends}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts a thread for each network."""
        for network in self._backends:
            thread = threading.Thread(
                target=self._run, args=(network,), name=f"send-{network}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """Says that there is something new in the outbox."""
        for event in self._wakes.values():
            event.set()

    def stop(self, timeout: float) -> None:
        """Ends the threads; a send that is under way is finished within ``timeout`` seconds."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            thread.join(timeout)

    def _run(self, network: str) -> None:
        wake = self._wakes[network]
        was_up = False
        while not self._stopping.is_set():
            wake.clear()
            looked = self._clock()
            try:
                was_up = self._hurry(network, was_up)
                while self._leads() and not self._stopping.is_set() and self.send_one(network):
                    pass
            except CibotError as error:
                log.warning("outbox waits network=%s cause=%s", network, error)
            except Exception:  # whatever it is: the thread goes on, and tries again
                log.exception("outbox waits network=%s", network)
            self._pause(network, was_up, self._nap(network, looked))

    def _nap(self, network: str, looked: datetime) -> float:
        """Seconds until something is due that was put back, since it was ``looked`` last."""
        due = self._due[network] = [moment for moment in self._due[network] if moment > looked]
        wait = (min(due) - self._clock()).total_seconds() if due else _IDLE_S
        return min(_IDLE_S, max(0.0, wait))

    def _pause(self, network: str, was_up: bool, nap: float) -> None:
        """Until something new is said, a network comes, or so many seconds have passed."""
        for _ in range(_GLANCES):
            if self._wakes[network].wait(nap / _GLANCES):
                return
            if not was_up and self._can_send(network):
                return

    def _hurry(self, network: str, was_up: bool) -> bool:
        """Whether this process can send there; once it can, nothing waits any longer.

        What another leader put back, it put back by its own clock.
        """
        up = self._can_send(network)
        if up and not was_up:
            self._claims.write(lambda tx: outbox.hurry(tx, network, self._clock()))
        return up

    def _can_send(self, network: str) -> bool:
        return self._backends[network].link().up and self._leads()

    def send_one(self, network: str) -> bool:
        """Sends the next message that is due; False when there was none.

        Raises StoreError when the database is away.
        """
        now = self._clock()
        outgoing = self._claim(network, now)
        if outgoing is None:
            return self._revive(network, now)
        try:
            remote_id = self._deliver(self._backends[network], outgoing, now)
        except Unconfirmed as error:
            self._settle(outbox.mark_unsure, outgoing, error)
        except Transient as error:
            if outgoing.private and now - outgoing.created_at > _PRIVATE:
                self._bury(outgoing, error)
            else:
                self._settle(outbox.mark_later, outgoing, error)
        except Permanent as error:
            self._bury(outgoing, error)
        except Exception as error:  # whatever it is: the room's other messages are sent
            log.exception("set aside message=%s", outgoing.key)
            self._bury(outgoing, Permanent(f"{outgoing.key}: {reason_of(error)}"))
        else:
            self._done(outgoing, remote_id)
        return True

    def _claim(self, network: str, now: datetime) -> Outgoing | None:
        """Claims the next message; one too whose claim was stored and the answer lost."""
        until = now + LEASE + timedelta(microseconds=random.randrange(1_000_000))
        unclear = {until, *(lease for lease in self._unclear[network] if lease > now)}
        self._unclear[network] = unclear
        outgoing = self._claims.write(lambda tx: outbox.claim(tx, network, now, until, unclear))
        self._unclear[network] = unclear - {until, outgoing and outgoing.lease_until}
        return outgoing

    def _revive(self, network: str, now: datetime) -> bool:
        """Every minute: whether a given up message is due again, since a person may have acted."""
        looked = self._looked.get(network)
        if looked is not None and now - looked < _LOOK_EVERY:
            return False
        self._looked[network] = now
        return self._claims.write(lambda tx: revive(tx, network, now)) > 0

    def _done(self, outgoing: Outgoing, remote_id: str | None) -> None:
        """Notes that a message is out, or that it is too late for it (no ``remote_id``)."""
        room = Channel(outgoing.network, outgoing.room)
        now = self._clock()
        if remote_id is None:
            self._store.write(lambda tx: lay_aside(tx, outgoing, now))
            log.info("too late key=%s room=%s", outgoing.key, room)
            return

        def work(tx: Tx) -> int:
            outbox.mark_sent(tx, outgoing, remote_id, now)
            return 0 if room in self._works else revive(tx, room.network, now, room.room)

        revived = self._store.write(work)
        self._works.add(room)
        log.info("sent key=%s room=%s", outgoing.key, room)
        if revived:
            log.info("given up before, due again room=%s messages=%d", room, revived)

    def _deliver(self, backend: Backend, outgoing: Outgoing, now: datetime) -> str | None:
        """The remote id; None where the message was not sent since what it says is over."""
        message = Card.from_json(outgoing.card)
        doubt = False
        if outgoing.doubtful:
            try:
                remote_id = backend.find(outgoing.room, outgoing.key)
            except LookupError:
                doubt = True
            else:
                if remote_id is not None:
                    log.info("adopted key=%s remote=%s", outgoing.key, remote_id)
                    return remote_id
        if may_be_moot(outgoing, now) and self._store.read(lambda tx: is_moot(tx, outgoing, now)):
            return None
        if named := message.incidents:
            message = message.renumbered(self._store.read(lambda tx: merged_numbers(tx, named)))
        if not self._leads():  # the process may have been paused since it claimed the message
            raise Transient("another process sends now")
        if doubt:
            return self._repeat(backend, outgoing, message)
        return backend.send(outgoing.room, message, key=outgoing.key)

    @staticmethod
    def _repeat(backend: Backend, outgoing: Outgoing, message: Card) -> str:
        """Sends what may be out already. Until that works, the doubt about it stays."""
        try:
            return backend.send(outgoing.room, message.with_note(REPEAT), key=outgoing.key)
        except Transient as error:
            raise Unconfirmed(str(error), retry_after=error.retry_after) from error

    def _settle(self, mark: Callable[..., bool], outgoing: Outgoing, error: Transient) -> None:
        wait = min(_LONGEST_WAIT_S, 2.0 ** min(outgoing.attempts, 10)) * random.uniform(0.5, 1.0)
        if error.retry_after is not None:  # the network knows better
            wait = error.retry_after + random.uniform(0, 0.2)
        due = self._clock() + timedelta(seconds=wait)
        self._due[outgoing.network].append(due)
        if not self._leads():  # the next leader need not wait, and has another clock
            due = _AT_ONCE
        self._store.write(lambda tx: mark(tx, outgoing, due, str(error)))
        log.warning(
            "not sent yet key=%s room=%s/%s attempt=%d next_in_s=%.1f cause=%s",
            outgoing.key,
            outgoing.network,
            outgoing.room,
            outgoing.attempts,
            wait,
            error,
        )

    def _bury(self, outgoing: Outgoing, error: Permanent | Transient) -> None:
        """Gives a message up and says so in another room, unless it was private or said that."""
        lost = Channel(outgoing.network, outgoing.room)
        room = None
        if not outgoing.private and outgoing.kind is not MessageKind.LOSS:
            room = next((other for other in self._rooms if other != lost), None)
        now = self._clock()
        again = again_at(now, outgoing.attempts)
        self._works.discard(lost)

        def work(tx: Tx) -> None:
            # a moment after the room's others, so that what can never be said holds up none
            dead = again + timedelta(seconds=1)
            if not outbox.mark_dead(tx, outgoing, dead, str(error)):
                return  # another process took it over
            digests.postpone(tx, outgoing, again)
            if room is not None:
                text = f"I could not say this in {lost}: {error}"
                note = Card((*card(text).lines, *Card.read(outgoing.card).lines))
                loss = About(MessageKind.LOSS, f"dead:{outgoing.id}", outgoing.incident)
                outbox.enqueue(tx, loss, room, note.to_json(), now)

        self._store.write(work)
        self.wake()
        log.error("given up key=%s room=%s cause=%s", outgoing.key, lost, error)


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
    return now - outgoing.created_at >= LATE or outgoing.step == "resolved"


def is_moot(tx: Tx, outgoing: Outgoing, now: datetime) -> bool:
    """Whether a late message speaks of something that is over by now."""
    late = now - outgoing.created_at >= LATE
    about_trouble = outgoing.incident is not None or outgoing.group is not None
    if outgoing.step is not None and about_trouble:
        steps = digests.steps_in_room(tx, outgoing)
        before = [step for step in steps if step.id < outgoing.id]
        after = [step for step in steps if step.id > outgoing.id]
        gone = late and outgoing.step != "resolved" and digests.tells_of_past(tx, outgoing)
        return gone or is_over(outgoing.step, before, after, late=late)
    return late and outgoing.kind is MessageKind.SUMMARY and digests.is_replaced(tx, outgoing)


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
    name: str, before: Sequence[StoredMessage], after: Sequence[StoredMessage], *, late: bool
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
    for number, (at, said) in enumerate(cards):
        which: object = said.incident if said.incident is not None else f"message {number}"
        since.setdefault(which, at)
        if said.lines:
            newest[which] = said.lines[0]
    count = len(newest)
    head = line(Span("While I could not speak here", strong=True), ", this came and went:")
    shown = list(newest)[-_SHOWN:]
    lines = [line(f"{moment(since[key])}: ", *newest[key]) for key in shown]
    more = [line(f"and {count - _SHOWN} before")] if count > _SHOWN else []
    return Card((head, *more, *lines))
