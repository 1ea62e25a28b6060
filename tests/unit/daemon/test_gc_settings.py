"""Python's search for cycles, as the commands set it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from cibot.daemon import gc_settings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_loaded_is_searched_no_more_and_the_rest_less_often() -> None:
    gc_settings.settle()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] > 2000
    assert len(gc.get_objects()) < gc.get_freeze_count()


def test_cycles_are_still_found() -> None:
    class Node:
        alive = 0

        def __init__(self) -> None:
            Node.alive += 1
            self.itself = self

        def __del__(self) -> None:
            Node.alive -= 1

    gc_settings.settle()
    for _ in range(100_000):
        Node()
    assert Node.alive < 50_000
