"""The order in which waiting lines are sent. Pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from itertools import chain
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Lanes that take turns, so that many alerts for one room do not delay a reply.

    The order inside a lane is kept.
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
        """The next item. Raises LookupError when the queue is empty."""
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
            wanted = deque(item for item in self._lanes[lane] if not unwanted(item))
            if wanted:
                self._lanes[lane] = wanted
            else:
                del self._lanes[lane]
        return dropped
