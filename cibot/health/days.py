"""Counts by the UTC day: windows of weeks in a few numbers."""

from __future__ import annotations

from cibot.health.state import Stored, state

DAY = 86_400.0


class Days(Stored):
    """How many, and how many of them marked, on each day of the last ``window`` seconds."""

    __slots__ = ("_days", "_marked", "_n", "_window")

    STATE = state(_days=list, _n=list, _marked=list)

    def __init__(self, window: float) -> None:
        self._window = window
        self._days: list[int] = []
        self._n: list[int] = []
        self._marked: list[int] = []

    def add(self, at: float, n: int, marked: int) -> None:
        """Counts some of that time; what is older than the newest by the window goes."""
        day = int(at // DAY)
        days = self._days
        if not days or days[-1] != day:
            if days and day < days[-1]:
                self._add_before(day, n, marked)
                return
            days.append(day)
            self._n.append(0)
            self._marked.append(0)
            self._drop((at - self._window) // DAY)
        self._n[-1] += n
        self._marked[-1] += marked

    def _add_before(self, day: int, n: int, marked: int) -> None:
        if day in self._days:
            place = self._days.index(day)
            self._n[place] += n
            self._marked[place] += marked
            return
        place = sum(known < day for known in self._days)
        self._days.insert(place, day)
        self._n.insert(place, n)
        self._marked.insert(place, marked)

    def _drop(self, first: float) -> None:
        gone = sum(known < first for known in self._days)
        if gone:
            del self._days[:gone], self._n[:gone], self._marked[:gone]

    def count(self, now: float) -> tuple[int, int]:
        """(all, marked) of the window at ``now``."""
        first = (now - self._window) // DAY
        if self._days and self._days[0] >= first:
            return sum(self._n), sum(self._marked)
        place = sum(known < first for known in self._days)
        return sum(self._n[place:]), sum(self._marked[place:])

    def span(self, now: float) -> float:
        """How many days lie between the first that is known and ``now``."""
        first = max((now - self._window) // DAY, self._days[0] if self._days else 0)
        return now / DAY - first if self._days else 0.0
