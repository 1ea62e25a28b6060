"""A sender whose process was paused, or that lost the lead, sends nothing and undoes nothing."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from cibot.errors import Permanent
from cibot.outbox.sender import LEASE, Sender
from cibot.store import outbox
from cibot.store.engine import Store, Tx
from cibot.store.lease import LeaseLost
from tests.unit.outbox.test_sender import Clock, FakeNetwork, say, states

T = TypeVar("T")


class Lost(Store):
    """The leader's store once another process leads."""

    def write(self, work: Callable[[Tx], T]) -> T:
        raise LeaseLost("another process leads now")


def test_what_was_claimed_before_a_pause_is_not_sent_after_it(sqlite_store: Store) -> None:
    network, clock = FakeNetwork(), Clock()
    sender = Sender(sqlite_store, {"net": network}, clock, leads=lambda: False)
    say(sqlite_store, "one")
    assert sender.send_one("net")
    assert network.sent == []
    assert states(sqlite_store) == {"one": "pending"}


def test_who_lost_the_lead_claims_nothing(sqlite_store: Store) -> None:
    network = FakeNetwork()
    claims = Lost(sqlite_store.engine)
    sender = Sender(sqlite_store, {"net": network}, Clock(), claims=claims)
    say(sqlite_store, "one")
    with pytest.raises(LeaseLost):
        sender.send_one("net")
    assert states(sqlite_store) == {"one": "pending"}


def test_what_got_out_is_noted_also_by_who_lost_the_lead(sqlite_store: Store) -> None:
    """Else the next leader would say it again."""
    network, clock = FakeNetwork(), Clock()
    sender = Sender(sqlite_store, {"net": network}, clock)
    say(sqlite_store, "one")
    lost = network.send

    def send(*args: object, **more: object) -> str:
        sender._claims = Lost(sqlite_store.engine)
        return lost(*args, **more)  # type: ignore[arg-type]

    network.send = send  # type: ignore[method-assign]
    assert sender.send_one("net")
    assert states(sqlite_store) == {"one": "sent"}


def test_who_gave_a_message_up_after_another_took_it_says_nothing(sqlite_store: Store) -> None:
    network, clock = FakeNetwork(), Clock()
    rooms = [outbox.Channel("net", "#spare")]
    sender = Sender(sqlite_store, {"net": network}, clock, rooms=rooms)
    say(sqlite_store, "one")

    def send(*_args: object, **_more: object) -> str:
        later = clock.now + LEASE
        taken = sqlite_store.write(
            lambda tx: outbox.claim(tx, "net", later, later + LEASE, frozenset())
        )
        assert taken is not None
        raise Permanent("banned")

    network.send = send  # type: ignore[method-assign]
    assert sender.send_one("net")
    assert states(sqlite_store) == {"one": "sending"}
