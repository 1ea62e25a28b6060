"""Fetching ahead: the same things in the same order, errors in their place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from cibot.collector.gathering import ahead


def test_all_comes_in_order_also_what_is_empty() -> None:
    assert list(ahead(iter([0, 1, "", None, 4]))) == [0, 1, "", None, 4]
    assert list(ahead(iter([]))) == []


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("the second page is broken")

    things = ahead(source())
    assert next(things) == 1
    with pytest.raises(ValueError, match="second page"):
        next(things)


def test_the_next_is_made_while_one_is_used_and_no_more() -> None:
    made: list[int] = []
    second = threading.Event()

    def source() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    things = ahead(source())
    assert next(things) == 0
    assert second.wait(10)
    things.close()  # type: ignore[attr-defined]
    assert made == [0, 1]
