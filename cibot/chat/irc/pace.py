"""Who goes first, and when to try again. Pure: time comes in as an argument."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from itertools import chain
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Lanes that take turns: many alerts for one room never starve a reply.

    Order inside a lane is kept.
    """

    def __init__(self) -> None:
        self._lanes: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._lanes.values())

    def put(self, lane: Hashable, item: T) -> None:
        """Adds an item to the end of its lane."""
        self._lanes.setdefault(lane, deque()).append(item)

    def pop(self) -> T:
        """The next item; raises LookupError when there is none."""
        if not self._lanes:
            raise LookupError("the queue is empty")
        lane, items = next(iter(self._lanes.items()))
        item = items.popleft()
        if items:
            self._lanes.move_to_end(lane)
        else:
            del self._lanes[lane]
        return item

    def drop(self, unwanted: Callable[[T], bool]) -> list[T]:
        """Removes every item that is unwanted, and returns them."""
        dropped = []
        for lane in list(self._lanes):
            dropped += [item for item in self._lanes[lane] if unwanted(item)]
            kept = deque(item for item in self._lanes[lane] if not unwanted(item))
            if kept:
                self._lanes[lane] = kept
            else:
                del self._lanes[lane]
        return dropped


class Backoff:
    """Waits that double from ``first`` to ``most`` seconds, each times 0.5 to 1.5.

    The jitter keeps many bots from coming back in the same second.
    """

    def __init__(self, first: float, most: float, random: Random | None = None) -> None:
        self._first = first
        self._most = most
        self._random = random or Random()
        self._tries = 0

    def next(self) -> float:
        """The next wait in seconds."""
        wait = min(self._most, self._first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return wait * self._random.uniform(0.5, 1.5)

    def reset(self) -> None:
        """Begins again at ``first``."""
        self._tries = 0
