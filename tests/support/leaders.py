"""Processes on one database, of which one leads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from cibot.daemon.leader import Leader, LeadersStore
from cibot.model import Channel
from cibot.store import outbox, schema
from cibot.store.engine import Store, Tx
from cibot.store.lease import Process
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
