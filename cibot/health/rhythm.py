"""How often a CI writes: stands in for its chances where they are not known."""

from __future__ import annotations

from cibot.config.policy import SilencePolicy
from cibot.health.state import Stored, each, state
from cibot.health.tally import DAY


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
