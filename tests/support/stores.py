"""An empty, migrated store: on SQLite and, where it is installed, on MariaDB."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
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
def _copied(request: pytest.FixtureRequest, kind: str, template: Path | str) -> Iterator[Store]:
    """A store of the test's own: a copy of an SQLite file, or of a MariaDB database (its URL)."""
    if kind == "sqlite":
        url = f"sqlite:///{shutil.copy(template, request.getfixturevalue('tmp_path'))}"
    else:
        mariadb: MariaDB = request.getfixturevalue("mariadb")
        url = mariadb.copy_database(str(template))
    store = open_again(url)
    yield store
    store.close()
    if kind == "mariadb":
        mariadb.drop_database(url)


Live = Callable[[Store], object]


@pytest.fixture(scope="session")
def pasts() -> dict[tuple[str, Live], Path | str]:
    """What to copy for a store in which something was lived through, by database and by what."""
    return {}


@contextmanager
def store_after(request: pytest.FixtureRequest, kind: str, live: Live) -> Iterator[Store]:
    """A store of the test's own in which ``live`` has run, once a session; the rest are copies."""
    made: dict[tuple[str, Live], Path | str] = request.getfixturevalue("pasts")
    if (kind, live) not in made:
        made[kind, live] = _past(request, kind, live)
    with _copied(request, kind, made[kind, live]) as store:
        yield store


def _past(request: pytest.FixtureRequest, kind: str, live: Live) -> Path | str:
    template: Path | str
    if kind == "sqlite":
        folder = request.getfixturevalue("tmp_path_factory").mktemp("past")
        template = folder / "past.db"
        shutil.copy(request.getfixturevalue("migrated_file"), template)
        url = f"sqlite:///{template}"
    else:
        mariadb: MariaDB = request.getfixturevalue("mariadb")
        template = url = mariadb.copy_database(request.getfixturevalue("migrated_database"))
    with closing(open_again(url)) as store:
        live(store)
    return template


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
    template = request.getfixturevalue("migrated_database")
    with _copied(request, "mariadb", template) as store:
        yield store
