"""An empty, migrated store: on SQLite and, where it is installed, on MariaDB."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A migrated SQLite file of the test's own."""
    store = open_store(f"sqlite:///{tmp_path / 'cibot.db'}")
    upgrade(store)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store without tables, on each database in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'cibot.db'}"
    else:
        url = request.getfixturevalue("mariadb_url")
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def store(empty_store: Store) -> Store:
    """A migrated store, on each database in turn."""
    upgrade(empty_store)
    return empty_store
