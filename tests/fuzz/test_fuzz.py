"""A few seconds of hostile input in each run of the tests; `make fuzz N=1000000` by hand."""

import logging
import random

import pytest

from cibot.store.engine import Store
from tests.fuzz.__main__ import complaints, run


def test_nothing_from_outside_crashes_the_bot(sqlite_store: Store) -> None:
    told = run(sqlite_store, random.SystemRandom().randrange(10**6), 3000, 0)
    assert told[0].startswith("3000 IRC lines")
    assert "answered 20" in told[1]
    assert "answered 20" in told[2]


def test_a_logged_error_is_a_fault() -> None:
    with complaints() as found:
        logging.getLogger("cibot.anything").error("gave up")
    assert found == ["gave up"]
    with pytest.raises(AssertionError):
        assert not found
