"""When a CI is silent, and when it is back.

How many missed chances in a row are too many follows from the share that it takes. Where its
chances are not known, the rhythm in which it writes stands in for them.
"""

from __future__ import annotations

import math
from functools import lru_cache

from cibot.config.policy import SilencePolicy
from cibot.health.facts import DAY
from cibot.health.share import TAIL, back_since, bad_since
from cibot.health.state import Stored, each, same, state, table
from cibot.health.tally import Count

FEWEST = 3  # however reliable a CI is, two missed chances can be one hiccup
_APART = 3 * 3600.0  # seconds between two that are none, of a CI that missed nothing else in weeks
_NEVER_MISSED = 25  # chances, at least, of which it missed none
_MOST = 500
_CHANCES = 100  # chances in the window at which `doubt` is the chance of that many misses
_LUCK_ELSEWHERE = 0.05  # the chance that what was missed elsewhere is luck
_LENIENT = 5.0  # times that chance, at most, where chances are few


def patience(policy: SilencePolicy, chances: Count) -> int | None:
    """How many missed chances in a row mean silence; None when no number does.

    ``chances`` are those of the weeks before.
    """
    if not chances.n:
        chances = Count(_CHANCES, round(_CHANCES * (1 - policy.assumed)))
    return longest_luck(policy.doubt, chances)


def surely_missed(chances: Count, apart: float) -> bool:
    """Whether two missed chances, ``apart`` seconds, are enough where three in a row are."""
    return chances.n >= _NEVER_MISSED and not chances.bad and apart >= _APART


@lru_cache(4096)
def longest_luck(doubt: float, chances: Count) -> int | None:
    """How many missed chances in a row are no luck any more; None when no number is.

    The chance that the next k are all missed is that of a Beta posterior with a flat prior, so
    that few chances say little. It may be the smaller, the more chances there are to be wrong:
    the same false alarms a month for all.
    """
    doubt *= min(_LENIENT, _CHANCES / chances.n)
    luck = 1.0
    for k in range(_MOST):
        luck *= _next_missed(chances, k)
        if luck <= doubt:
            return max(FEWEST, k + 1)
    return None


def surely_elsewhere(chances: Count, missed: int) -> bool:
    """Whether so many missed chances at other places show that more than one place is missed."""
    return math.prod(_next_missed(chances, k) for k in range(missed)) <= _LUCK_ELSEWHERE


def _next_missed(chances: Count, k: int) -> float:
    """The chance that one more is missed after ``k`` in a row."""
    return (chances.bad + 1 + k) / (chances.n + 2 + k)


class Rhythm(Stored):
    """The longest quiet of the window, kept by day: the gap that ended on it."""

    STATE = state(_days=each(list), first=float, _last=float, rung=bool)

    def __init__(self, policy: SilencePolicy) -> None:
        self._policy = policy
        self._window = int(policy.window.total_seconds() // DAY)
        self._days: list[list[float]] = []  # day, times heard, longest gap before one of them
        self.first = 0.0  # when it was heard first; 0 means never
        self._last = 0.0
        self.rung = False  # whether the quiet since then was too long already

    def hear(self, at: float) -> None:
        """The CI wrote something."""
        day, gap = int(at // DAY), max(0.0, at - self._last) if self._last else 0.0
        if not self._days or self._days[-1][0] < day:
            self._days.append([day, 0, 0.0])
            while self._days[0][0] < day - self._window:
                del self._days[0]
        self._days[-1][1] += 1
        self._days[-1][2] = max(self._days[-1][2], gap)
        self.first = self.first or at
        self._last = max(self._last, at)
        self.rung = False

    @property
    def n(self) -> int:
        """How often it was heard in the window."""
        return int(sum(day[1] for day in self._days))

    @property
    def is_known(self) -> bool:
        """Whether there is enough of it to say what is unusual."""
        if not self._days:
            return False
        begun = max(self.first, self._days[0][0] * DAY)
        long = self._last - begun >= self._policy.rhythm_span.total_seconds()
        return long and self.n >= self._policy.rhythm_minimum

    @property
    def longest(self) -> float:
        """The longest quiet in seconds, without the one before the window's first day."""
        return max((day[2] for day in self._days[1:] or self._days), default=0.0)

    @property
    def limit(self) -> float:
        """After how many seconds of quiet a CI counts as silent."""
        least = self._policy.rhythm_least.total_seconds()
        return max(least, self._policy.rhythm_factor * self.longest)


class Comeback(Stored):
    """The last chances, each as it was known first: taken in time or not."""

    STATE = state(_taken=table(same, tuple), since=same, adopted=same)

    def __init__(self) -> None:
        self._taken: dict[int, tuple[bool, float]] = {}  # by chance; the newest last
        self.since: float | None = None
        """When the trouble began of which a silence was a part; None while there is none."""
        self.adopted: float | None = None  # when that last became what is usual

    def add(self, slot: int, taken: bool, at: float) -> None:
        """A chance was taken in time, or its deadline passed."""
        if taken or slot not in self._taken:
            self._taken.pop(slot, None)
            self._taken[slot] = (taken, at)
        if len(self._taken) > TAIL:
            del self._taken[next(iter(self._taken))]

    def begin(self, usual: float) -> None:
        """A silence is broken; ``usual`` is the share of its chances that the CI takes."""
        if self.since is None and self._taken:
            outcomes = list(self._taken.values())
            self.since = bad_since(outcomes, usual) or outcomes[0][1]

    def weigh(self, usual: float) -> None:
        """Ends the trouble where the newest chances are surely taken as usual.

        A CI that takes more than half of that is not silent; coverage says that it takes less.
        """
        if self.since is None:
            return
        since = [taken for taken in self._taken.values() if taken[1] >= self.since]
        missed = sum(not taken for taken, _at in since)
        count = Count(len(since), missed)
        if not missed or back_since(count, since[::-1], usual, usual / 2) is not None:
            self.since = None

    def adopt(self, at: float) -> None:
        """Reporting on so little is what is usual for the CI from now on."""
        self.since, self.adopted = None, at
