"""A database that answers and takes nothing is not well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from cibot.store import engine
from cibot.store.engine import Store, StoreError, StoreRefused, Tx, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/cibot.db")
    opened.write(lambda tx: tx.execute(text("CREATE TABLE t (n INTEGER NOT NULL)")))
    yield opened
    opened.close()


def _insert(tx: Tx) -> None:
    tx.execute(text("INSERT INTO t VALUES (zeroblob(100000))"))


def test_a_read_only_database_is_not_well_until_it_is_written_again(store: Store) -> None:
    def refused(tx: Tx) -> None:
        tx.exec_driver_sql("PRAGMA query_only = ON")
        _insert(tx)

    store.ping()
    with pytest.raises(StoreError, match="readonly database"):
        store.write(refused)
    with pytest.raises(StoreError, match=r"answers and is not written: .*readonly database"):
        store.ping()
    store.engine.dispose()  # with what was said to the connection
    store.write(_insert)
    store.ping()


def test_a_full_database_is_not_well(store: Store) -> None:
    def full(tx: Tx) -> None:
        tx.exec_driver_sql("PRAGMA max_page_count = 10")
        _insert(tx)

    with pytest.raises(StoreError, match="full"):
        store.write(full)
    with pytest.raises(StoreError, match="full"):
        store.ping()


def test_a_standby_that_writes_no_more_is_well_again_after_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tx: Tx) -> None:
        tx.exec_driver_sql("PRAGMA max_page_count = 10")
        _insert(tx)

    with pytest.raises(StoreError, match="full"):
        store.write(full)
    monkeypatch.setattr(engine, "_UNWRITTEN_S", 0.0)
    store.ping()


def test_a_row_that_is_refused_says_nothing_of_the_database(store: Store) -> None:
    with pytest.raises(StoreRefused):
        store.write(lambda tx: tx.execute(text("INSERT INTO t VALUES (NULL)")))
    store.ping()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_deleted_or_replaced_is_not_well(
    store: Store, tmp_path: Path, replaced: bool
) -> None:
    store.ping()
    for file in tmp_path.glob("cibot.db*"):
        file.rename(tmp_path / f"was-{file.name}")
    if replaced:
        (tmp_path / "cibot.db").write_bytes((tmp_path / "was-cibot.db").read_bytes())
    with pytest.raises(StoreError, match="was deleted or replaced"):
        store.ping()
    store.write(_insert)  # into a file that nobody sees
    with pytest.raises(StoreError, match="was deleted or replaced"):
        store.ping()
