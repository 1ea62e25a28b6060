"""The outbox's sender: in order, once, and never silently lost."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from cibot.chat.protocol import Answer, Channel, Leads, Link
from cibot.errors import CibotError, Permanent, Transient, Unconfirmed
from cibot.outbox.sender import LEASE, REPEAT, Sender
from cibot.store import digests, outbox, schema
from cibot.store.engine import Store, Tx
from cibot.store.incidents import StoredIncident, add_incident, merge_incident
from cibot.store.outbox import About, MessageKind
from cibot.text.card import Card, card, incident_span

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeNetwork:
    """A backend that stores what it is sent and fails as it is told."""

    network: str = "net"
    fails: list[CibotError] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)
    can_look: bool = True
    refusals: list[Exception] = field(default_factory=list)  # of looks
    sent: list[tuple[str, str]] = field(default_factory=list)

    def start(self, answer: Answer, leads: Leads) -> None: ...

    def stop(self, timeout: float) -> None: ...

    def link(self) -> Link:
        return Link(True, None)

    def send(self, room: str, message: Card, *, key: str) -> str:
        failure = self.fails.pop(0) if self.fails else None
        if failure is None or isinstance(failure, Unconfirmed):
            self.sent.append((room, message.text()))
            self.stored[key] = f"id-{key}"
        if failure is not None:
            raise failure
        return f"id-{key}"

    def find(self, room: str, key: str) -> str | None:
        if not self.can_look:
            raise LookupError(room)
        if self.refusals:
            raise self.refusals.pop(0)
        return self.stored.get(key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> FakeNetwork:
    return FakeNetwork()


@pytest.fixture
def sender(sqlite_store: Store, network: FakeNetwork, clock: Clock) -> Sender:
    rooms = [Channel("net", "#ops"), Channel("net", "#spare")]
    return Sender(sqlite_store, {"net": network}, clock, rooms=rooms)


def say(store: Store, *texts: str, room: str = "#ops", account: str | None = None) -> None:
    for text in texts:
        about = About(MessageKind.ALERT, text, account=account)
        store.write(
            lambda tx, about=about: outbox.enqueue(  # type: ignore[misc]
                tx, about, Channel("net", room), card(about.key).to_json(), NOON
            )
        )


def states(store: Store) -> dict[str, str]:
    query = select(schema.outbox.c.dedupe_key, schema.outbox.c.state)
    return {row[0]: row[1] for row in store.read(lambda tx: tx.execute(query).all())}


def drain(sender: Sender) -> None:
    while sender.send_one("net"):
        pass


def test_in_order_and_once(sqlite_store: Store, sender: Sender, network: FakeNetwork) -> None:
    say(sqlite_store, "one", "two", "one", "three")
    drain(sender)
    drain(sender)
    assert network.sent == [("#ops", "one"), ("#ops", "two"), ("#ops", "three")]
    assert set(states(sqlite_store).values()) == {"sent"}


def test_a_room_that_waits_keeps_its_order_and_holds_up_no_other(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.fails = [Transient("busy", retry_after=30)]
    say(sqlite_store, "one", "two")
    say(sqlite_store, "other", room="#other")
    drain(sender)
    assert network.sent == [("#other", "other")]
    clock.now += timedelta(seconds=29)
    drain(sender)
    assert len(network.sent) == 1
    clock.now += timedelta(seconds=2)
    drain(sender)
    assert network.sent[1:] == [("#ops", "one"), ("#ops", "two")]


def test_each_room_that_waits_is_looked_at_when_it_is_due(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    """Else two rooms at their own limits would share one message a second."""
    network.fails = [Transient("busy", retry_after=0.3), Transient("busy", retry_after=0.7)]
    say(sqlite_store, "one")
    say(sqlite_store, "other", room="#other")
    drain(sender)
    first = sender._nap("net", clock.now)
    assert 0.3 <= first <= 0.5
    clock.now += timedelta(seconds=first)
    drain(sender)
    assert network.sent == [("#ops", "one")]
    second = sender._nap("net", clock.now)
    assert 0.7 <= first + second <= 0.9
    clock.now += timedelta(seconds=second)
    drain(sender)
    assert network.sent[1:] == [("#other", "other")]
    assert sender._nap("net", clock.now) == 1.0


def test_an_answer_that_was_lost_is_looked_for_not_said_twice(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.fails = [Unconfirmed("no answer")]
    say(sqlite_store, "one")
    drain(sender)
    clock.now += timedelta(minutes=10)
    drain(sender)
    assert network.sent == [("#ops", "one")]
    assert states(sqlite_store) == {"one": "sent"}


def test_where_nobody_can_look_a_repeat_says_that_it_may_be_one(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.can_look = False
    network.fails = [Unconfirmed("no answer")]
    say(sqlite_store, "one")
    drain(sender)
    clock.now += timedelta(minutes=10)
    drain(sender)
    assert network.sent == [("#ops", "one"), ("#ops", f"{REPEAT} one")]


def test_the_doubt_about_a_message_outlives_a_failure_to_repeat_it(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.can_look = False
    network.fails = [Unconfirmed("no answer"), Transient("not connected")]
    say(sqlite_store, "one")
    for _ in range(3):
        drain(sender)
        clock.now += timedelta(minutes=10)
    assert network.sent == [("#ops", "one"), ("#ops", f"{REPEAT} one")]


def test_the_doubt_about_a_message_outlives_that_it_was_given_up(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.fails = [Unconfirmed("no answer")]
    network.refusals = [Permanent("token_revoked"), Permanent("token_revoked")]
    say(sqlite_store, "one")
    drain(sender)
    clock.now += timedelta(minutes=1)
    drain(sender)
    assert states(sqlite_store)["one"] == "dead"
    assert sqlite_store.write(lambda tx: digests.retry(tx, clock.now)) == 1
    drain(sender)
    assert states(sqlite_store)["one"] == "dead"
    clock.now += timedelta(hours=2)
    drain(sender)
    assert states(sqlite_store)["one"] == "sent"
    assert [text for _room, text in network.sent if text == "one"] == ["one"]


def test_what_waits_is_due_once_its_network_is_there_again(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.fails = [Transient("not connected"), Unconfirmed("cut off")]
    say(sqlite_store, "one")
    say(sqlite_store, "two", room="#dev")
    drain(sender)
    assert network.sent == [("#dev", "two")]
    assert sqlite_store.write(lambda tx: outbox.hurry(tx, "elsewhere", clock.now)) == 0
    assert sqlite_store.write(lambda tx: outbox.hurry(tx, "net", clock.now)) == 2
    drain(sender)
    assert network.sent == [("#dev", "two"), ("#ops", "one")]
    assert states(sqlite_store) == {"one": "sent", "two": "sent"}


def test_the_lease_of_a_dead_sender_is_shortened_never_lengthened(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    say(sqlite_store, "one")
    sqlite_store.write(lambda tx: outbox.claim(tx, "net", NOON, NOON + LEASE))
    soon = NOON + timedelta(seconds=5)
    assert sqlite_store.write(lambda tx: outbox.release_leases(tx, soon)) == 1
    assert sqlite_store.write(lambda tx: outbox.release_leases(tx, NOON + LEASE)) == 0
    drain(sender)
    assert network.sent == []
    clock.now = soon
    drain(sender)
    assert network.sent == [("#ops", "one")]


def test_what_a_crash_left_open_is_taken_up_after_its_lease(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    say(sqlite_store, "one")
    left = sqlite_store.write(lambda tx: outbox.claim(tx, "net", NOON, NOON + LEASE))
    assert left is not None
    drain(sender)
    assert network.sent == []
    clock.now += LEASE
    drain(sender)
    assert network.sent == [("#ops", "one")]
    late = sqlite_store.write(lambda tx: outbox.mark_sent(tx, left, "x", clock.now))
    assert late is False


def test_what_cannot_be_said_is_told_in_another_room(
    sqlite_store: Store, sender: Sender, network: FakeNetwork
) -> None:
    network.fails = [Permanent("banned from #ops")]
    say(sqlite_store, "one")
    drain(sender)
    assert states(sqlite_store)["one"] == "dead"
    assert ("#spare", "I could not say this in net/#ops: banned from #ops\none") in network.sent


def test_what_was_private_is_not_told_elsewhere(
    sqlite_store: Store, sender: Sender, network: FakeNetwork
) -> None:
    network.fails = [Permanent("nobody of that name is there")]
    key = "watch:net:bob:incident:1:1:opened"
    say(sqlite_store, key, room="bob", account="bob")
    drain(sender)
    assert states(sqlite_store) == {key: "dead"}
    assert network.sent == []


def test_who_is_away_is_looked_for_an_hour(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.fails = [Transient("nobody of that name is there") for _ in range(3)]
    say(sqlite_store, "watch:net:bob:1", room="bob", account="bob")
    say(sqlite_store, "alert", room="bob")
    drain(sender)
    assert states(sqlite_store)["watch:net:bob:1"] == "pending"
    clock.now += timedelta(minutes=61)
    drain(sender)
    assert states(sqlite_store) == {"watch:net:bob:1": "dead", "alert": "pending"}
    assert network.sent == []


def test_that_a_notice_of_a_loss_is_lost_makes_no_further_notice(
    sqlite_store: Store, sender: Sender, network: FakeNetwork
) -> None:
    network.fails = [Permanent("banned"), Permanent("banned")]
    say(sqlite_store, "one")
    drain(sender)
    assert sorted(states(sqlite_store).values()) == ["dead", "dead"]
    assert network.sent == []


def test_a_merged_incident_is_called_by_the_number_that_it_has_when_the_message_is_sent(
    sqlite_store: Store, sender: Sender, network: FakeNetwork
) -> None:
    def fill(tx: Tx) -> None:
        whole, part = (
            add_incident(tx, StoredIncident(0, ci, "firing", "failing", NOON, None, NOON, "{}"))
            for ci in (1, 2)
        )
        text = card((incident_span(part),), incident=part).to_json()
        about = About(MessageKind.ALERT, "merged", part, "opened")
        outbox.enqueue(tx, about, Channel("net", "#ops"), text, NOON)
        merge_incident(tx, part, whole)
        outbox.move_messages(tx, part, whole)

    sqlite_store.write(fill)
    drain(sender)
    assert network.sent == [("#ops", "#1")]
