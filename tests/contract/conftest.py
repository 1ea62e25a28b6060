"""What the tests of the faces ask: the canned history on each database, and none at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from cibot.store.engine import Store, open_store
from tests.support.canned import CONFIG, canned
from tests.support.confirming import World
from tests.support.faces import application
from tests.support.history import make_tables


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def canned_history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """The canned history, for all tests of a file: they only read."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('told') / 'cibot.db'}"
    else:
        url = request.getfixturevalue("mariadb").create_database()
    store = make_tables(open_store(url))
    canned(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def canned_app(canned_history: Store) -> Flask:
    """The faces over it, which take longer to make than to ask; they only count what is asked."""
    return application(canned_history, CONFIG)


@pytest.fixture
def blank(tmp_path: Path) -> Iterator[Store]:
    """A store with tables and nothing in them."""
    store = make_tables(open_store(f"sqlite:///{tmp_path / 'blank.db'}"))
    yield store
    store.close()


@pytest.fixture
def world(store: Store) -> World:
    """A simulated Gerrit that nothing happened on yet."""
    return World(store)
