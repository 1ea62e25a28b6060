"""The sender's threads: one a network, woken by what is new and by a network that comes."""

from datetime import timedelta

from cibot.chat.protocol import Link
from cibot.errors import Transient
from cibot.outbox.sender import Sender
from cibot.store import digests, outbox
from cibot.store.engine import Store
from tests.support.processes import wait_until
from tests.unit.outbox.test_sender import NOON, Clock, FakeNetwork, say, states


class Away(FakeNetwork):
    """A network that is not there until it is said to be."""

    up = False

    def link(self) -> Link:
        return Link(self.up, None)


def test_what_is_new_is_sent_and_a_stop_ends_the_threads(sqlite_store: Store) -> None:
    network = FakeNetwork()
    sender = Sender(sqlite_store, {"net": network}, Clock())
    sender.start()
    say(sqlite_store, "one")
    sender.wake()
    wait_until(lambda: states(sqlite_store) == {"one": "sent"}, what="the message")
    sender.stop(10)
    assert not any(thread.is_alive() for thread in sender._threads)
    say(sqlite_store, "two")
    sender.wake()
    assert states(sqlite_store)["two"] == "pending"


def test_what_waits_goes_out_once_its_network_is_there(sqlite_store: Store) -> None:
    network, clock = Away(fails=[Transient("away", retry_after=3600)]), Clock()
    sender = Sender(sqlite_store, {"net": network}, clock)
    say(sqlite_store, "one")
    assert sender.send_one("net")
    sender.start()
    try:
        network.up = True
        wait_until(lambda: states(sqlite_store) == {"one": "sent"}, what="the message")
    finally:
        sender.stop(10)


def test_a_failing_network_does_not_end_its_thread(sqlite_store: Store) -> None:
    network, clock = FakeNetwork(), Clock()
    lead = [False]
    sender = Sender(sqlite_store, {"net": network}, clock, leads=lambda: lead[0])
    say(sqlite_store, "one")
    broken, claims = [True], sender._claims

    class Claims(Store):
        def write(self, work):  # type: ignore[no-untyped-def]
            if broken and broken.pop():
                raise Transient("the database does not answer")
            return claims.write(work)

    sender._claims = Claims(sqlite_store.engine)
    sender.start()
    try:
        lead[0] = True
        sender.wake()
        wait_until(lambda: states(sqlite_store) == {"one": "sent"}, what="the message")
    finally:
        sender.stop(10)
    assert not broken


def test_rows_can_be_listed_retried_and_dropped(sqlite_store: Store) -> None:
    say(sqlite_store, "one", "two")
    (second, first) = sqlite_store.read(outbox.listed)
    assert [row.key for row in (first, second)] == ["one", "two"]
    assert sqlite_store.write(lambda tx: outbox.drop(tx, first.id))
    assert not sqlite_store.write(lambda tx: outbox.drop(tx, first.id))
    assert sqlite_store.write(lambda tx: digests.retry(tx, NOON - timedelta(minutes=1))) == 1
    assert sqlite_store.read(outbox.depth) == {"pending": 1}
