"""A few seconds of hostile input in each run of the tests; `make fuzz N=1000000` by hand."""

import logging

import pytest

from cibot.store.engine import Store
from tests.fuzz.__main__ import Numbers, complaints, run


# Always the same ones, so that no run of the tests fails by luck; `make fuzz` draws others.
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_from_outside_crashes_the_bot(sqlite_store: Store, seed: int) -> None:
    lines = run(sqlite_store, seed, Numbers(5000, 200, 200), 0)
    assert lines[0].startswith("5000 IRC lines")
    assert "answered 20" in lines[1]
    assert "answered 20" in lines[2]


def test_a_logged_error_is_a_fault() -> None:
    with complaints() as errors:
        logging.getLogger("cibot.anything").error("gave up")
    assert errors == ["gave up"]
    with pytest.raises(AssertionError):
        assert not errors
