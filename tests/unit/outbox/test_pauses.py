"""A sender whose process was paused, or that lost the lead, sends nothing and undoes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from cibot.errors import Permanent, Transient, Unconfirmed
from cibot.outbox.sender import LEASE, REPEAT, Sender
from cibot.store import outbox
from cibot.store.engine import Store, StoreError, Tx
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


@pytest.mark.parametrize("refusal", [Transient("stands by"), Unconfirmed("cut off")])
def test_what_a_fast_clock_put_back_after_the_lead_was_lost_is_due_at_once(
    sqlite_store: Store, refusal: Transient
) -> None:
    """Else the room, and all that comes after it there, waits as long as the clock is ahead."""
    leads = [True]

    class Paused(FakeNetwork):
        def send(self, *_args: object, **_more: object) -> str:
            leads[0] = False
            raise refusal

    fast = Clock()
    fast.now += timedelta(minutes=10)
    say(sqlite_store, "one")
    assert Sender(sqlite_store, {"net": Paused()}, fast, leads=lambda: leads[0]).send_one("net")
    network = FakeNetwork(can_look=False)
    assert Sender(sqlite_store, {"net": network}, Clock()).send_one("net")
    assert states(sqlite_store) == {"one": "sent"}


def test_a_slow_clock_does_not_try_what_it_put_back_without_a_pause(sqlite_store: Store) -> None:
    slow = Clock()
    slow.now -= timedelta(minutes=10)
    say(sqlite_store, "one")
    sender = Sender(sqlite_store, {"net": FakeNetwork(fails=[Transient("busy")])}, slow)
    assert sender.send_one("net")
    assert not sender.send_one("net")


def test_who_leads_again_does_not_wait_by_the_clock_of_who_led_meanwhile(
    sqlite_store: Store,
) -> None:
    leads = [True]
    sender = Sender(sqlite_store, {"net": FakeNetwork()}, Clock(), leads=lambda: leads[0])
    was_up = sender._hurry("net", False)
    assert was_up
    leads[0] = False
    was_up = sender._hurry("net", was_up)
    fast = Clock()
    fast.now += timedelta(minutes=10)
    say(sqlite_store, "one")
    Sender(sqlite_store, {"net": FakeNetwork(fails=[Transient("busy")])}, fast).send_one("net")
    leads[0] = True
    sender._hurry("net", was_up)
    assert sender.send_one("net")
    assert states(sqlite_store) == {"one": "sent"}


class Unheard(Store):
    """The database stores, and its answer is lost: the transaction is run again, or given up."""

    def __init__(self, store: Store, *, given_up: bool) -> None:
        super().__init__(store.engine)
        self.lost, self._given_up = 1, given_up

    def write(self, work: Callable[[Tx], T]) -> T:
        if self.lost:
            self.lost -= 1
            super().write(work)
            if self._given_up:
                raise StoreError("the database refused 6 times: 2013")
        return super().write(work)


@pytest.mark.parametrize("given_up", [False, True])
def test_a_claim_whose_answer_was_lost_holds_no_room_up(
    sqlite_store: Store, given_up: bool
) -> None:
    network = FakeNetwork(can_look=False)
    claims = Unheard(sqlite_store, given_up=given_up)
    sender = Sender(sqlite_store, {"net": network}, Clock(), claims=claims)
    say(sqlite_store, "one")
    if given_up:
        with pytest.raises(StoreError):
            sender.send_one("net")
    assert sender.send_one("net")
    assert network.sent == [("#ops", "one")]  # and not as a possible repeat
    assert states(sqlite_store) == {"one": "sent"}


def test_what_was_sent_and_not_noted_is_no_claim_whose_answer_was_lost(
    sqlite_store: Store,
) -> None:
    network, clock = FakeNetwork(can_look=False), Clock()
    claims = Unheard(sqlite_store, given_up=True)
    sender = Sender(Lost(sqlite_store.engine), {"net": network}, clock, claims=claims)
    say(sqlite_store, "one")
    for _ in range(2):
        with pytest.raises(Transient):  # the claim's, and then that of noting it as sent
            sender.send_one("net")
    assert not sender.send_one("net")
    assert network.sent == [("#ops", "one")]


def test_what_a_crash_left_does_not_wait_for_a_slow_clock(sqlite_store: Store) -> None:
    slow, network = Clock(), FakeNetwork(can_look=False)
    slow.now -= timedelta(minutes=10)
    say(sqlite_store, "one")
    sqlite_store.write(lambda tx: outbox.claim(tx, "net", slow.now, slow.now + LEASE))
    slow.now += LEASE
    assert Sender(sqlite_store, {"net": network}, slow).send_one("net")
    assert network.sent == [("#ops", f"{REPEAT} one")]


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
        later = clock.now + 2 * LEASE
        taken = sqlite_store.write(lambda tx: outbox.claim(tx, "net", later, later + LEASE))
        assert taken is not None
        raise Permanent("banned")

    network.send = send  # type: ignore[method-assign]
    assert sender.send_one("net")
    assert states(sqlite_store) == {"one": "sending"}
