"""One lease, by the database's time, and what else only one process may take; on both."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from cibot.daemon.leader import NAME
from cibot.model import Channel
from cibot.store import lease, outbox, requests, schema, unjudged
from cibot.store.engine import Store, Tx
from cibot.store.lease import LeaseLost, Process
from cibot.store.outbox import About, MessageKind
from tests.support.leaders import ELSEWHERE, MINUTE, NOON, Host, run_out, say


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
    return host.led.write(lambda tx: outbox.claim(tx, "net", now, now + MINUTE))


def test_a_message_of_a_host_whose_clock_is_ahead_is_due_at_once(store: Store) -> None:
    ahead = NOON + timedelta(minutes=10)
    about = About(MessageKind.ALERT, "k")
    store.write(lambda tx: outbox.enqueue(tx, about, Channel("net", "#a"), "{}", ahead))
    host = Host(store)
    assert host.leader.look()
    assert outbox_claim(host) is not None


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
    claims = map(str, itertools.count())

    def claim(*keys: str) -> bool:
        mine = next(claims)
        return store.write(lambda tx: requests.claim_request(tx, keys, mine, NOON))

    assert claim("event:1", "message:2")
    assert store.write(lambda tx: requests.claim_request(tx, ["event:1"], "0", NOON))
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
