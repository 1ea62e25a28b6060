"""How fast the bot may speak, how often one person may ask, when it is better silent or waits.

Pure: time comes in as an argument, in seconds of one monotonic clock.
"""

from __future__ import annotations

from collections import OrderedDict
from random import Random

from cibot.text.card import card

QUESTIONS_A_SECOND = 0.2
QUESTIONS_AT_ONCE = 6
SLOW_DOWN = card("that is too much at once; please wait a little", error=True)
"""The one answer to somebody who asks faster."""
BROKEN = card("something went wrong with that question; it is in the bot's log", error=True)


_MOST_PEOPLE = 1000  # people that are remembered
_PAUSE_S = 300.0


class TokenBucket:
    """``burst`` at once, then ``rate`` a second (both > 0)."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._at: float | None = None

    def take(self, now: float, leave: float = 0) -> bool:
        """Takes a token where there is one and ``leave`` are left for others."""
        self._fill(now)
        if self._level < 1 + leave:
            return False
        self._level -= 1
        return True

    def wait(self, now: float, leave: float = 0) -> float:
        """Seconds until `take` gives a token; 0 when it would now."""
        self._fill(now)
        return max(0.0, (1 + leave - self._level) / self.rate)

    def _fill(self, now: float) -> None:
        if self._at is not None and now > self._at:
            self._level = min(self.burst, self._level + (now - self._at) * self.rate)
        self._at = now


class PersonLimit:
    """How often one person may ask. Of many people, the least recent are forgotten."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._people: OrderedDict[str, tuple[TokenBucket, bool]] = OrderedDict()

    def of_several(self, people: int) -> PersonLimit:
        """The limit of a group of so many people, each with this limit."""
        return PersonLimit(self._rate * people, self._burst * people)

    def ask(self, person: str, now: float) -> bool | None:
        """True: answer. None: say once that it is too much. False: be silent."""
        bucket, warned = TokenBucket(self._rate, self._burst), False
        if person in self._people:
            bucket, warned = self._people.pop(person)
        allowed = bucket.take(now)
        self._people[person] = (bucket, not allowed)
        while len(self._people) > _MOST_PEOPLE:
            self._people.popitem(last=False)
        if allowed:
            return True
        return False if warned else None


class Patience:
    """Stops a conversation with a user who only sends mistakes: mostly another bot.

    Two bots that do not understand each other would never stop. ``most`` mistakes in a row, each
    within five minutes of the one before, are answered. Further ones are not, until a question
    succeeds or five minutes have passed.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._people: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def understood(self, person: str) -> None:
        """Notes that a question was understood."""
        self._people.pop(person, None)

    def bears(self, person: str, now: float) -> bool | None:
        """After a mistake. True: answer. None: answer for the last time. False: be silent."""
        count, at = self._people.pop(person, (0, now))
        count = count + 1 if now - at <= _PAUSE_S else 1
        self._people[person] = (count, now)
        while len(self._people) > _MOST_PEOPLE:
            self._people.popitem(last=False)
        return None if count == self._most else count < self._most


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
