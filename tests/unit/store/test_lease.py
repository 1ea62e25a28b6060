"""The lease's rules: who may take it, and what its token is good for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from cibot.store import lease, schema
from cibot.store.engine import Store
from cibot.store.lease import Lease, LeaseLost, Process

MINUTE = timedelta(minutes=1)
HERE = Process(7, "boot", "space")


def take(store: Store, owner: str, dead: bool = False) -> Lease | None:
    return store.write(
        lambda tx: lease.acquire(tx, "l", owner, HERE, MINUTE, lambda _process: dead)
    )


def test_a_lease_that_nobody_holds_is_free(sqlite_store: Store) -> None:
    def free(dead: bool = False) -> bool:
        return sqlite_store.read(lambda tx: lease.is_free(tx, "l", lambda _process: dead))

    assert free()
    mine = take(sqlite_store, "a")
    assert mine == Lease("l", "a", 1)
    assert not free()
    assert free(dead=True)
    sqlite_store.write(lambda tx: lease.release(tx, mine))
    assert free()


def test_the_process_that_is_asked_about_is_the_holder(sqlite_store: Store) -> None:
    take(sqlite_store, "a")
    asked: list[Process] = []
    sqlite_store.read(
        lambda tx: lease.is_free(tx, "l", lambda process: bool(asked.append(process)))
    )
    assert asked == [HERE]


def test_it_is_free_when_its_time_is_over_whoever_lives(sqlite_store: Store) -> None:
    first = take(sqlite_store, "a")
    over = update(schema.lease).values(until=datetime(2020, 1, 1, tzinfo=UTC))
    sqlite_store.write(lambda tx: tx.execute(over))
    second = take(sqlite_store, "b")
    assert first is not None
    assert second == Lease("l", "b", first.token + 1)
    assert take(sqlite_store, "a") is None


@pytest.mark.parametrize(
    "wrong", [Lease("l", "a", 2), Lease("l", "b", 1), Lease("other", "a", 1)], ids=str
)
def test_only_the_holder_with_its_token_writes_and_gives_back(
    sqlite_store: Store, wrong: Lease
) -> None:
    mine = take(sqlite_store, "a")
    assert mine is not None
    with pytest.raises(LeaseLost, match=repr(wrong.name)):
        sqlite_store.write(lambda tx: lease.fence(tx, wrong))
    sqlite_store.write(lambda tx: lease.release(tx, wrong))
    sqlite_store.write(lambda tx: lease.fence(tx, mine))  # still held
    assert take(sqlite_store, "c") is None


def test_a_dead_holders_lease_is_taken_with_a_new_token(sqlite_store: Store) -> None:
    assert take(sqlite_store, "a") == Lease("l", "a", 1)
    assert take(sqlite_store, "b", dead=True) == Lease("l", "b", 2)
