"""How fast the bot may speak, and who goes first. Pure: time comes in as an argument.

All times are seconds of one monotonic clock.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class TokenBucket:
    """``burst`` at once, then ``rate`` a second (both > 0)."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Takes a token where there is one."""
        self._fill(now)
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def wait(self, now: float) -> float:
        """Seconds until the next token; 0 when there is one."""
        self._fill(now)
        return max(0.0, (1 - self._level) / self.rate)

    def _fill(self, now: float) -> None:
        if self._at is not None and now > self._at:
            self._level = min(self.burst, self._level + (now - self._at) * self.rate)
        self._at = now


class FairQueue(Generic[T]):
    """Lanes that take turns: many alerts for one room never starve a reply.

    Order inside a lane is kept.
    """

    def __init__(self) -> None:
        self._lanes: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

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

    def drop(self, unwanted: Callable[[T], bool]) -> None:
        """Removes every item that is unwanted."""
        for lane in list(self._lanes):
            kept = deque(item for item in self._lanes[lane] if not unwanted(item))
            if kept:
                self._lanes[lane] = kept
            else:
                del self._lanes[lane]


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


class PersonLimit:
    """How often one person may ask; the least recent of many are forgotten."""

    def __init__(self, rate: float, burst: float, most_people: int = 1000) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most_people
        self._people: OrderedDict[str, tuple[TokenBucket, bool]] = OrderedDict()

    def ask(self, person: str, now: float) -> bool | None:
        """True: answer. None: say once that it is too much. False: be silent."""
        bucket, told = TokenBucket(self._rate, self._burst), False
        if person in self._people:
            bucket, told = self._people.pop(person)
        allowed = bucket.take(now)
        self._people[person] = (bucket, not allowed)
        while len(self._people) > self._most:
            self._people.popitem(last=False)
        if allowed:
            return True
        return False if told else None
