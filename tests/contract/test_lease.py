"""Who leads: one lease, by the database's time, and a token in each of the leader's writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from cibot.daemon.leader import NAME, TTL, Leader, LeadersStore
from cibot.daemon.process import this_process
from cibot.model import Channel
from cibot.store import lease, outbox, requests, schema, unjudged
from cibot.store.engine import Store, Tx
from cibot.store.lease import LeaseLost, Process
from cibot.store.outbox import About, MessageKind

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ELSEWHERE = Process(7, "another boot", "another namespace")


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Host:
    """A process on the database, whose clock may be wrong."""

    store: Store
    skew: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.seconds = Seconds()
        clock = lambda: NOON + self.skew  # noqa: E731
        self.leader = Leader(self.store, clock, seconds=self.seconds)
        self.led = LeadersStore(self.store, self.leader)


def run_out(store: Store) -> None:
    """Lets the lease's time be over in the database."""
    over = update(schema.lease).values(until=datetime(2020, 1, 1, tzinfo=UTC))
    store.write(lambda tx: tx.execute(over))


def say(tx: Tx, key: str = "k") -> None:
    outbox.enqueue(tx, About(MessageKind.ALERT, key), Channel("net", "#a"), "{}", NOON)


def test_one_holds_it_and_the_token_grows(store: Store) -> None:
    def take(owner: str) -> lease.Lease | None:
        return store.write(lambda tx: lease.acquire(tx, "l", owner, ELSEWHERE, MINUTE))

    first = take("a")
    assert first is not None
    assert take("b") is None
    assert take("a") == first
    run_out(store)
    assert take("a") == first  # nobody took it meanwhile
    run_out(store)
    second = take("b")
    assert second is not None
    assert second.token == first.token + 1
    store.write(lambda tx: lease.fence(tx, second))
    with pytest.raises(LeaseLost):
        store.write(lambda tx: lease.fence(tx, first))
    store.write(lambda tx: lease.release(tx, first))  # not its own any more: nothing happens
    assert take("a") is None
    store.write(lambda tx: lease.release(tx, second))
    assert take("a") is not None


def test_the_lease_ends_by_the_databases_time(store: Store) -> None:
    before = store.read(lease.database_time)
    store.write(lambda tx: lease.acquire(tx, "l", "a", ELSEWHERE, MINUTE))
    after = store.read(lease.database_time)
    until = store.read(lambda tx: tx.execute(select(schema.lease.c.until)).scalar_one())
    assert before + MINUTE <= until <= after + MINUTE


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_wrong_blocks_nobody(store: Store, minutes: int) -> None:
    wrong, right = Host(store, timedelta(minutes=minutes)), Host(store)
    assert wrong.leader.look()
    wrong.led.write(say)
    assert outbox_claim(wrong) is not None
    assert not right.leader.look()
    run_out(store)
    assert right.leader.look()
    until = store.read(lambda tx: tx.execute(select(schema.outbox.c.lease_until)).scalar_one())
    assert until <= NOON + timedelta(seconds=5)


def outbox_claim(host: Host) -> outbox.Outgoing | None:
    now = NOON + host.skew
    return host.led.write(lambda tx: outbox.claim(tx, "net", now, now + MINUTE, frozenset()))


def test_a_message_of_a_host_whose_clock_is_ahead_is_due_at_once(store: Store) -> None:
    ahead = NOON + timedelta(minutes=10)
    about = About(MessageKind.ALERT, "k")
    store.write(lambda tx: outbox.enqueue(tx, about, Channel("net", "#a"), "{}", ahead))
    host = Host(store)
    assert host.leader.look()
    assert outbox_claim(host) is not None


def test_who_was_paused_writes_nothing(store: Store) -> None:
    paused, other = Host(store), Host(store)
    assert paused.leader.look()
    mine = paused.leader.current()
    run_out(store)
    assert other.leader.look()
    with pytest.raises(LeaseLost):  # it has not noticed yet
        paused.led.write(say)
    assert store.read(outbox.depth) == {}
    paused.seconds.now += 75
    assert not paused.leader.held()
    with pytest.raises(LeaseLost):
        paused.led.write(say)
    assert not paused.leader.look()
    other.led.write(say)
    assert store.read(outbox.depth) == {"pending": 1}
    assert other.leader.current().token == mine.token + 1


def test_it_is_renewed_every_third_of_its_time(store: Store) -> None:
    host = Host(store)
    assert host.leader.look()
    run_out(store)
    host.seconds.now += TTL.total_seconds() / 3 - 1
    assert host.leader.look()
    until = select(schema.lease.c.until)
    assert store.read(lambda tx: tx.execute(until).scalar_one()).year == 2020
    host.seconds.now += 1
    assert host.leader.look()
    assert store.read(lambda tx: tx.execute(until).scalar_one()).year > 2020
    assert host.leader.current().token == 1


def test_who_resigns_is_followed_at_once(store: Store) -> None:
    one, two = Host(store), Host(store)
    two.leader.resign()  # of what it does not hold
    assert one.leader.look()
    assert not two.leader.look()
    one.leader.resign()
    assert not one.leader.held()
    with pytest.raises(LeaseLost):
        one.leader.current()
    assert two.leader.look()


@pytest.mark.parametrize("pid_is_free", [True, False])
def test_a_dead_owner_of_the_same_host_is_known(store: Store, pid_is_free: bool) -> None:
    here = this_process()
    dead = Process(1 << 30, here.boot if pid_is_free else "another boot", here.namespace)
    store.write(lambda tx: lease.acquire(tx, NAME, "old", dead, TTL))
    assert Host(store).leader.look() is pid_is_free


def test_two_containers_with_one_name_and_one_number_do_not_take_it_from_each_other(
    store: Store,
) -> None:
    here = this_process()
    twin = Process(here.pid, here.boot, "pid:[another]")
    taken = store.write(lambda tx: lease.acquire(tx, NAME, "twin", twin, TTL))
    host = Host(store)
    assert not any(host.leader.look() for _ in range(5))
    assert taken == store.write(lambda tx: lease.acquire(tx, NAME, "twin", twin, TTL))


def test_a_row_of_the_version_before_ends_by_its_time(store: Store) -> None:
    row = {"name": NAME, "owner": "host:7:abc", "token": 4, "until": NOON + 99999 * MINUTE,
           "writes": 0}  # fmt: skip
    store.write(lambda tx: tx.execute(schema.lease.insert(), [row]))
    host = Host(store)
    assert not host.leader.look()
    run_out(store)
    assert host.leader.look()
    assert host.leader.current().token == 5


def test_who_is_overtaken_while_it_acquires_stands_by(store: Store) -> None:
    """Two of a cluster's nodes read the same free row; the second UPDATE finds another token."""
    store.write(lambda tx: lease.acquire(tx, "l", "a", ELSEWHERE, MINUTE))

    def work(tx: Tx) -> lease.Lease | None:
        def overtaken(_process: Process) -> bool:
            tx.execute(update(schema.lease).values(owner="b", token=9))
            return True

        return lease.acquire(tx, "l", "c", ELSEWHERE, MINUTE, overtaken)

    assert store.write(work) is None


def test_a_request_is_claimed_once_by_any_of_its_keys(store: Store) -> None:
    def claim(*keys: str) -> bool:
        return store.write(lambda tx: requests.claim_request(tx, keys, NOON))

    assert claim("event:1", "message:2")
    assert not claim("message:2")
    assert not claim("event:3", "message:2")
    assert claim("event:4", "event:4")
    assert store.write(lambda tx: requests.forget_requests(tx, NOON)) == 0
    assert store.write(lambda tx: requests.forget_requests(tx, NOON + MINUTE)) == 4
    assert claim("event:1")


def test_what_another_process_stored_is_on_a_list_until_it_is_taken(store: Store) -> None:
    for _ in range(2):
        store.write(lambda tx: unjudged.put_unjudged(tx, {3, 1}))
    assert store.read(unjudged.unjudged) == {1, 3}
    store.write(lambda tx: unjudged.forget_unjudged(tx, {1}))
    assert store.read(unjudged.unjudged) == {3}
