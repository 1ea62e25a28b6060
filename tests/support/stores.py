"""An empty, migrated store: on SQLite and, where it is installed, on MariaDB."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect

from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from tests.support.mariadb import MariaDB


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: the migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "cibot.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def migrated_database(mariadb: MariaDB) -> str:
    """The URL of a migrated database to copy."""
    url = mariadb.create_database()
    store = open_store(url)
    upgrade(store)
    store.close()
    return url


_COMPILED: dict[str, tuple[Dialect, dict[Any, Any]]] = {}


def open_again(url: str) -> Store:
    """Opens a database whose statements were compiled for another of its kind before.

    SQLAlchemy compiles each statement once for an engine, which takes longer than most tests.
    """
    store = open_store(url)
    engine = store.engine
    if engine.name not in _COMPILED:
        store.ping()  # it learns what the server is like as it connects first
        _COMPILED[engine.name] = (engine.dialect, {})
    engine.dialect, compiled = _COMPILED[engine.name]
    engine.dialect.default_schema_name = engine.url.database  # it remembers the first database
    engine.update_execution_options(compiled_cache=compiled)
    return store


@contextmanager
def copied_store(request: pytest.FixtureRequest, template: str) -> Iterator[Store]:
    """A store on a copy of the MariaDB database whose URL the fixture ``template`` gives."""
    mariadb: MariaDB = request.getfixturevalue("mariadb")
    url = mariadb.copy_database(request.getfixturevalue(template))
    store = open_again(url)
    yield store
    store.close()
    mariadb.drop_database(url)


@pytest.fixture
def sqlite_store(tmp_path: Path, migrated_file: Path) -> Iterator[Store]:
    """A migrated SQLite file of the test's own."""
    store = open_again(f"sqlite:///{shutil.copy(migrated_file, tmp_path)}")
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


@pytest.fixture(params=["sqlite", "mariadb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A migrated store, on each database in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    with copied_store(request, "migrated_database") as store:
        yield store
