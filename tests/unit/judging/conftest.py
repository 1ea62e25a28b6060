"""What the tests of judging share."""

import pytest

from cibot.store.engine import Store


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """The rules of judging are the same on every database; tests/contract/ has those of SQL."""
    return sqlite_store
