"""Fetches the next thing while the last one is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(source: Iterator[T]) -> Iterator[T]:
    """What ``source`` yields, each one made in a thread while the one before is used.

    At most one is made in advance. What ``source`` raises is raised here, in its place.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = thread.submit(_next, source)
        while found := coming.result():
            coming = thread.submit(_next, source)
            yield found[0]


def _next(source: Iterator[T]) -> tuple[T] | None:
    """The next one alone in a tuple; None at the end, which no future can raise."""
    for item in source:
        return (item,)
    return None
