"""Who leads: the lease is kept, lost, given back and taken from the dead."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from cibot.daemon.leader import NAME, TTL, this_process
from cibot.store import lease, outbox, schema
from cibot.store.engine import Store, StoreError, Tx
from cibot.store.lease import LeaseLost, Process
from tests.support.leaders import Host, run_out, say


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


def test_what_the_leader_cannot_write_is_known_to_the_probes(store: Store) -> None:
    host = Host(store)
    assert host.leader.look()

    def full(tx: Tx) -> None:
        raise OperationalError("INSERT", None, Exception("database or disk is full"))

    with pytest.raises(StoreError):
        host.led.write(full)
    with pytest.raises(StoreError, match="answers and is not written"):
        store.ping()


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
    first, two = Host(store), Host(store)
    two.leader.resign()  # of what it does not hold
    assert first.leader.look()
    assert not two.leader.look()
    first.leader.resign()
    assert not first.leader.held()
    with pytest.raises(LeaseLost):
        first.leader.current()
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
