"""Threads that write to one SQLite file take turns."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event, select

from cibot.store.engine import Store, Tx


def test_who_writes_to_sqlite_waits_for_its_turn_before_it_asks_the_database(
    sqlite_store: Store,
) -> None:
    """SQLite would look for the end of the other's transaction at ever longer intervals."""
    begun: list[str] = []
    with sqlite_store.engine.connect(), sqlite_store.engine.connect():
        pass  # opening one waits for a transaction, too

    @event.listens_for(sqlite_store.engine, "before_cursor_execute")
    def begins(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement == "BEGIN IMMEDIATE":
            begun.append(threading.current_thread().name)

    def ask(tx: Tx) -> None:
        tx.execute(select(1))

    other = threading.Thread(target=sqlite_store.write, args=(ask,), name="other")

    def hold(tx: Tx) -> None:
        ask(tx)
        other.start()
        other.join(0.3)
        assert "other" not in begun
        sqlite_store.read(ask)  # a reader waits for nobody

    sqlite_store.write(hold)
    other.join()
    assert begun[-1] == "other"
