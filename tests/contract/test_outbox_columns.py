"""What the keys of old rows of the outbox said stands in columns after the migration."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import column as column_of
from sqlalchemy import insert, select, table, update

from cibot.model import Channel
from cibot.store import digests, migrate, outbox, schema
from cibot.store.engine import Store
from cibot.store.outbox import About, MessageKind, MessageState, Outgoing
from tests.support.old_tables import make_tables

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPS = Channel("net", "#ops")
LONG = "x" * 140

OLD = {
    "incident:7:0:opened:net/#ops": ("alert", 7, "opened", None, None),
    "incident:7:1:resolved:net/#ops": ("alert", 7, "resolved", None, None),
    f"incident:9:2:escalated:net/{LONG}": ("alert", 9, "escalated", None, None),
    "watch:net:bob:incident:7:0:opened": ("alert", 7, "opened", None, "bob"),
    "watch:net:a:b:incident:8:0:reopened": ("alert", 8, "reopened", None, "a:b"),
    f"watch:net:{LONG}:incident:8": ("alert", None, None, None, LONG),
    "watch:net:bob:together:20261123T115500": ("together", None, None, None, "bob"),
    "together:20261123T115500:net/#ops": ("together", None, None, None, None),
    "summary:2026-11-23:0900:net/#ops": ("summary", None, None, "0900", None),
    "quiet:12": ("quiet", None, None, None, None),
    "dead:3": ("loss", None, None, None, None),
    "note:incident:7:0:opened": ("alert", None, None, None, None),
}


def _row(key: str, state: str = "sent", at: datetime = NOON) -> dict[str, Any]:
    return {
        "dedupe_key": key, "network": OPS.network, "room": OPS.room, "card": "{}", "state": state,
        "attempts": 0, "created_at": at, "not_before": at,
    }  # fmt: skip


@pytest.fixture
def old(empty_store: Store) -> Store:
    """A database with the tables of the version before."""
    make_tables(empty_store, "0004")
    return empty_store


def add(store: Store, *rows: dict[str, Any]) -> list[int]:
    """Inserts rows as the version before did; their ids."""
    before = table("outbox", *(column_of(name, schema.outbox.c[name].type) for name in rows[0]))
    store.write(lambda tx: tx.execute(insert(before), list(rows)))
    keys = [row["dedupe_key"] for row in rows]
    query = select(schema.outbox.c.dedupe_key, schema.outbox.c.id)
    ids = {row[0]: row[1] for row in store.read(lambda tx: tx.execute(query).all())}
    return [ids[key] for key in keys]


def test_columns_say_what_keys_said(old: Store) -> None:
    add(old, *(_row(key) for key in OLD))
    migrate.upgrade(old)
    columns = schema.outbox.c
    query = select(
        columns.dedupe_key, columns.kind, columns.incident_id, columns.step, columns.group_key,
        columns.account,
    )  # fmt: skip
    rows = old.read(lambda tx: tx.execute(query).all())
    assert {row[0]: tuple(row[1:]) for row in rows} == OLD


def test_a_digest_that_waits_tells_of_the_same_messages_as_before(old: Store) -> None:
    minute = timedelta(minutes=1)
    covered, early, late, digest, folded, flood = add(
        old,
        _row("incident:1:0:opened:net/#ops", "folded", NOON - minute),
        _row("incident:2:0:opened:net/#ops", "late"),
        _row("incident:3:0:opened:net/#ops", "late"),
        _row("late:3", "pending"),
        _row("incident:4:0:opened:net/#ops", "folded", NOON + minute),
        _row("digest:20261123T1200:net/#ops", "pending", NOON + minute),
    )
    first = {"dedupe_key": f"late:{late}"}
    old.write(lambda tx: tx.execute(update(schema.outbox).values(first).where(
        schema.outbox.c.id == digest)))  # fmt: skip
    migrate.upgrade(old)
    query = select(schema.outbox.c.id, schema.outbox.c.digest_id)
    links = {row[0]: row[1] for row in old.read(lambda tx: tx.execute(query).all())}
    assert links == {
        covered: None, early: None, late: digest, digest: None, folded: flood, flood: None,
    }  # fmt: skip


def test_what_was_told_before_the_migration_is_not_told_again(old: Store) -> None:
    (sent,) = add(old, _row("incident:7:0:opened:net/#ops"))
    migrate.upgrade(old)
    about = About(MessageKind.ALERT, "incident:7:0:opened:net/#ops", 7, "opened")
    old.write(lambda tx: outbox.enqueue(tx, about, OPS, "{}", NOON))
    assert old.read(outbox.depth) == {}
    assert old.read(lambda tx: outbox.rooms_of(tx, 7)) == {OPS}
    end = Outgoing(
        99, "k", MessageKind.ALERT, 7, "resolved", None, None, "net", "#ops", "{}",
        MessageState.SENDING, 1, NOON, NOON,
    )  # fmt: skip
    (step,) = old.read(lambda tx: digests.steps_in_room(tx, end))
    assert (step.id, step.step, step.state) == (sent, "opened", MessageState.SENT)
