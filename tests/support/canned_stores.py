"""The canned history in a store of the test's own: written once a session, then copied."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cibot.store.engine import Store, open_store
from tests.support.canned import canned
from tests.support.mariadb import MariaDB
from tests.support.stores import copied_store, open_again


@pytest.fixture(scope="session")
def canned_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file to copy."""
    path = Path(shutil.copy(migrated_file, tmp_path_factory.mktemp("canned") / "canned.db"))
    _fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def canned_database(mariadb: MariaDB, migrated_database: str) -> str:
    """The URL of a database to copy."""
    url = mariadb.copy_database(migrated_database)
    _fill(url)
    return url


def _fill(url: str) -> None:
    store = open_store(url)
    canned(store)
    store.close()


@pytest.fixture
def canned_sqlite(tmp_path: Path, canned_file: Path) -> Iterator[Store]:
    """The canned history on SQLite."""
    store = open_again(f"sqlite:///{shutil.copy(canned_file, tmp_path)}")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "mariadb"])
def canned_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The canned history, on each database in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("canned_sqlite")
        return
    with copied_store(request, "canned_database") as store:
        yield store
