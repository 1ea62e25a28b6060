"""Counts in a window: by the minute, sliding in O(1), or by the UTC day in a few numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NamedTuple

from cibot.health.facts import DAY, PROOF, Proof
from cibot.health.seen import Fault
from cibot.health.signal import MOST_EVIDENCE, Evidence, evidence
from cibot.health.state import Stored, each, state

_MINUTE = 60.0
_SLACK = 64  # passed minutes that are kept until it is worth while to drop them
_KEPT = 16  # pieces of evidence


class Count(NamedTuple):
    """``bad`` of ``n``."""

    n: int
    bad: int

    @property
    def good(self) -> int:
        """The others."""
        return self.n - self.bad


class SlidingTally(Stored):
    """Results of the last ``window`` seconds; up to ``reach`` where these are few.

    With ``least`` only so many minutes before the window are kept, not all in reach.

    Results may come out of order and be taken back; the clock, which `slide`
    moves, does not go back.
    """

    __slots__ = (
        "_bad", "_first", "_least", "_minutes", "_n", "_next", "_reach", "_start", "_window", "bad",
        "n",
    )  # fmt: skip

    STATE = state(_minutes=list, _n=list, _bad=list, _start=int, n=int, bad=int, _first=int)

    def __init__(self, window: float, reach: float = 0.0, least: int | None = None) -> None:
        self._least = least
        self._window = window
        self._reach = max(window, reach)
        self._minutes: list[int] = []
        self._n: list[int] = []
        self._bad: list[int] = []
        self._start = 0  # the place of the first minute of the window
        self._first = 0  # no minute before it is in the window
        self._next = 0.0  # until then that is so
        self.n = 0
        self.bad = 0

    def slide(self, now: float) -> None:
        """Lets what is older than the window at ``now`` pass out of it."""
        if now < self._next:
            return
        first = int((now - self._window) // _MINUTE)
        if first <= self._first:
            return
        self._first, self._next = first, (first + 1) * _MINUTE + self._window
        minutes, start = self._minutes, self._start
        while start < len(minutes) and minutes[start] < first:
            self.n -= self._n[start]
            self.bad -= self._bad[start]
            start += 1
        self._start = start
        if start > _SLACK:
            until = bisect_left(minutes, (now - self._reach) // _MINUTE, 0, start)
            self._drop(until if self._least is None else max(until, start - self._least))

    def _drop(self, until: int) -> None:
        if until > _SLACK:
            del self._minutes[:until], self._n[:until], self._bad[:until]
            self._start -= until

    def add(self, at: float, bad: bool, sign: int = 1) -> None:
        """Counts a result of that time, or with ``sign`` -1 one less."""
        minute, minutes = int(at // _MINUTE), self._minutes
        place = len(minutes)
        if place and minutes[-1] >= minute:
            place = bisect_left(minutes, minute)
        elif sign > 0 and minute >= self._first:  # so it is for most results
            minutes.append(minute)
            self._n.append(1)
            self._bad.append(+bad)
            self.n += 1
            self.bad += bad
            return
        if place == len(minutes) or minutes[place] != minute:
            if sign < 0:
                return  # it passed out of reach before
            minutes.insert(place, minute)
            self._n.insert(place, 0)
            self._bad.insert(place, 0)
            if minute < self._first:
                self._start += 1
        if sign < 0 and not (self._bad[place] if bad else self._n[place] - self._bad[place]):
            return  # it was taken back already
        self._n[place] += sign
        self._bad[place] += sign * bad
        if place >= self._start:
            self.n += sign
            self.bad += sign * bad
        if not self._n[place]:
            self._empty(place)

    def _empty(self, place: int) -> None:
        del self._minutes[place], self._n[place], self._bad[place]
        if place < self._start:
            self._start -= 1

    @property
    def run(self) -> int:
        """How many results at the end of the window are good, as `newest_outcomes` has them."""
        good = 0
        for place in range(len(self._minutes) - 1, self._start - 1, -1):
            good += self._n[place] - self._bad[place]
            if self._bad[place]:
                break
        return good

    @property
    def count(self) -> Count:
        """What the window holds."""
        return Count(self.n, self.bad)

    def since(self, at: float) -> Count:
        """What the window holds of that time and later."""
        place = max(self._start, bisect_left(self._minutes, int(at // _MINUTE)))
        return Count(sum(self._n[place:]), sum(self._bad[place:]))

    def reached(self, since: float) -> Count:
        """What is kept of that time and later, older than the window too."""
        place = bisect_left(self._minutes, int(since // _MINUTE))
        return Count(sum(self._n[place:]), sum(self._bad[place:]))

    def newest(self, least: int, now: float) -> Count:
        """The window or, where it holds fewer, the newest ``least`` results in reach."""
        if self.n >= least:
            return Count(self.n, self.bad)
        place = self._reached(least, now)
        return Count(sum(self._n[place:]), sum(self._bad[place:]))

    def first(self, least: int, now: float) -> float | None:
        """When the oldest of what `newest` counts was posted; None where there is nothing."""
        place = self._reached(least, now)
        return self._minutes[place] * _MINUTE if place < len(self._minutes) else None

    def _reached(self, least: int, now: float) -> int:
        n, place = self.n, self._start
        oldest = (now - self._reach) // _MINUTE
        while n < least and place > 0 and self._minutes[place - 1] >= oldest:
            place -= 1
            n += self._n[place]
        return place

    def outcomes(self, since: float | None = None) -> Iterator[tuple[bool, float]]:
        """(good, when) of each result, oldest first; in one minute the bad ones first."""
        place = self._start
        if since is not None:
            place = bisect_left(self._minutes, int(since // _MINUTE))
        for minute, n, bad in zip(
            self._minutes[place:], self._n[place:], self._bad[place:], strict=True
        ):
            for i in range(n):
                yield i >= bad, minute * _MINUTE

    def newest_outcomes(self) -> Iterator[tuple[bool, float]]:
        """`outcomes` of the window from the end, newest first."""
        for place in range(len(self._minutes) - 1, self._start - 1, -1):
            at, n, bad = self._minutes[place] * _MINUTE, self._n[place], self._bad[place]
            for i in range(n):
                yield i < n - bad, at


def _in_order(proof: Proof) -> tuple[Any, ...]:
    return tuple("" if value is None else value for value in proof)


class Proofs(Stored):
    """The newest pieces of evidence of one kind."""

    __slots__ = ("_proofs",)

    STATE = state(_proofs=each(PROOF))

    def __init__(self) -> None:
        self._proofs: list[Proof] = []

    def add(self, proof: Proof, sign: int = 1) -> None:
        """Keeps a piece of evidence, or with ``sign`` -1 takes it back."""
        proofs = self._proofs
        if sign < 0:
            if proof in proofs:
                proofs.remove(proof)
            return
        proofs.append(proof)
        if len(proofs) > 1 and proof.at < proofs[-2].at:
            proofs.sort(key=_in_order)
        if len(proofs) > _KEPT:
            del proofs[0]

    def newest(self, since: float) -> list[Proof]:
        """Those since then, newest first, at most so many as are shown."""
        return [proof for proof in reversed(self._proofs) if proof.at >= since][:MOST_EVIDENCE]

    def evidence(self, fault: Fault, since: float) -> tuple[Evidence, ...]:
        """The same as evidence."""
        return tuple(evidence(proof, fault) for proof in self.newest(since))

    def oldest(self, since: float) -> Proof | None:
        """The first that is kept of that time or later."""
        return next((proof for proof in self._proofs if proof.at >= since), None)


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
        place = sum(other < day for other in self._days)
        self._days.insert(place, day)
        self._n.insert(place, n)
        self._marked.insert(place, marked)

    def _drop(self, first: float) -> None:
        gone = sum(other < first for other in self._days)
        if gone:
            del self._days[:gone], self._n[:gone], self._marked[:gone]

    def count(self, now: float) -> tuple[int, int]:
        """(all, marked) of the window at ``now``."""
        first = (now - self._window) // DAY
        if self._days and self._days[0] >= first:
            return sum(self._n), sum(self._marked)
        place = sum(other < first for other in self._days)
        return sum(self._n[place:]), sum(self._marked[place:])

    def span(self, now: float) -> float:
        """How many days lie between the first that is known and ``now``."""
        first = max((now - self._window) // DAY, self._days[0] if self._days else 0)
        return now / DAY - first if self._days else 0.0
