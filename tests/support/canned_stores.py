"""The canned history in a store of the test's own: written once a session, then copied."""

from collections.abc import Iterator

import pytest

from cibot.store.engine import Store
from tests.support.canned import canned
from tests.support.stores import store_after


@pytest.fixture
def canned_sqlite(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The canned history on SQLite."""
    with store_after(request, "sqlite", canned) as store:
        yield store


@pytest.fixture(params=["sqlite", "mariadb"])
def canned_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The canned history, on each database in turn."""
    with store_after(request, request.param, canned) as store:
        yield store
