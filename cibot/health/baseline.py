"""What a CI usually passes, and how often it reports: learnt as results come.

Weeks that hold a bad time make it the usual, and the CI would be called well again while
nothing got better. So what was usual before a trouble is held (`HeldUsual`) until the trouble
is out of the weeks before; one that lasts long enough is the CI's usual from then on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from cibot.config.policy import ChartPolicy
from cibot.health.facts import DAY
from cibot.health.inputs import VerdictKind
from cibot.health.state import Stored, each, same, since, state

_RATE_MEMORY = 28 * DAY  # how long the number of results a day is remembered
_HIGHEST = 0.9995  # the highest rate that is assumed: one failure must not condemn
_LOWEST = 0.01
_REFRESH = 8  # results between two looks at the logarithms, which cost more than the rest


# The chart's own figures, found together: docs/judgement.md says how.
_MEMORY = 5000.0  # results that the usual rate rests on
_LAG = 400  # results until one is learnt, so that a drop does not hide itself
_LEAST_LAG = 60  # while little is known
_YOUNG_LAG = 0.5  # of what is known, up to `_LAG`
_CAUTION = 0.6  # standard deviations below the learnt rate
_PRIORS = (  # of each standing; but for the first one changes may be at fault
    (1.6, 0.4), (1.6, 0.8), (1.0, 1.0), (1.6, 0.8), (1.0, 2.0), (3.2, 4.8), (1.6, 6.4),
)  # fmt: skip
NEAR = 0.6  # a small drop, in log odds: from 0.90 to 0.83
_FAR = 0.575  # a large one, as a factor of the usual rate
_FLOOR = 0.02  # almost nothing passes
HANDICAPS = (3.5, 2.25, 0.95)  # near, far, floor
_FEWEST_A_DAY = 0.5  # results; the height asked for follows from the pace
_BUSY = 100.0  # results a day that the handicaps were found for
_SLOPE = 1.12  # how the height grows with the pace, in logarithms


Gains = tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]
_BITS = 4  # of a waiting result: whether it passed, and above that its standing


def _gains(stored: Any) -> Gains:
    up, down = stored
    return tuple(up), tuple(map(tuple, down))


@dataclass(slots=True)
class Baseline(Stored):
    """A forgetting Beta over the pass rate of each standing, fed late, and the pace of results.

    ``gains`` are what a pass, and a failure of each standing, add to each chart, ``limit``
    the height at which a chart fires. ``learnt`` counts the results of good standing.
    """

    policy: ChartPolicy
    counts: list[tuple[float, float]] = field(init=False)  # passes, failures of each standing
    learnt: int = 0  # how many results went in since it began
    waiting: int = 0  # the latest results, not yet learnt; the newest in the lowest bits
    waiting_n: int = 0
    pace: float = 0.0  # decaying count of results, in results a day
    weight: float = 0.0  # how much of a full memory ``pace`` has seen, 0..1
    last: float = -math.inf
    gains: Gains = ((), ())
    limit: float = math.inf

    STATE = state(
        counts=each(tuple),
        learnt=int,
        waiting=int,
        waiting_n=int,
        pace=float,
        weight=float,
        last=since,
        gains=_gains,
        limit=float,
    )

    def __post_init__(self) -> None:
        self.counts = [*_PRIORS]
        self.refresh()

    @property
    def ready(self) -> bool:
        """Whether enough was learnt to call something unusual."""
        return self.learnt >= self.policy.minimum

    @property
    def mean(self) -> float:
        """The usual pass rate as learnt, 0..1."""
        passes, failures = self.counts[VerdictKind.FAIR]
        return passes / (passes + failures)

    @property
    def rate(self) -> float:
        """The usual pass rate, 0..1, put low: the cautious bound that charts compare against."""
        return lower_bound(*self.counts[VerdictKind.FAIR], _CAUTION)

    def fails(self, standing: VerdictKind) -> float:
        """The share of the results of a standing that fails, as learnt, 0..1."""
        passes, failures = self.counts[standing]
        return failures / (passes + failures)

    @property
    def per_day(self) -> float:
        """Results a day, lately; never less than a half."""
        seen = max(self.weight, DAY / _RATE_MEMORY)
        return max(_FEWEST_A_DAY, self.pace / seen)

    def add(self, passed: bool, at: float, standing: VerdictKind = VerdictKind.FAIR) -> None:
        """Takes in a result, which is learnt when 400 more have come.

        While little is known it waits for half as many as are known.
        """
        self._keep_pace(at)
        self.waiting = (self.waiting << _BITS) | (standing << 1) | passed
        self.waiting_n += 1
        young = max(_LEAST_LAG, _YOUNG_LAG * self.learnt)
        if self.waiting_n > min(_LAG, young):
            self.waiting_n -= 1
            oldest = self.waiting >> _BITS * self.waiting_n
            self.waiting &= (1 << _BITS * self.waiting_n) - 1
            self._learn(oldest)
            if self.learnt % _REFRESH == 0:
                self.refresh()

    def forget(self, newest: int) -> None:
        """Drops the newest waiting results, which a drop explains; learns the others."""
        learnt = max(0, self.waiting_n - newest)
        results = self.waiting >> _BITS * (self.waiting_n - learnt)
        for i in range(learnt - 1, -1, -1):
            self._learn((results >> _BITS * i) & ((1 << _BITS) - 1))
        self.waiting = self.waiting_n = 0
        self.refresh()

    def become(self, n: int, passes: int) -> None:
        """Starts over from what was seen since a drop: that is how the CI is now."""
        size, usual = min(float(n), _MEMORY), self.mean
        prior = _PRIORS[VerdictKind.FAIR]
        failures = n - passes
        self.counts[VerdictKind.FAIR] = (
            prior[0] + size * passes / n,
            prior[1] + size * failures / n,
        )
        lost = max(0.0, 1 - self.mean / usual)  # of what passed before of the others, too
        for standing in [*VerdictKind][1:]:
            well, bad = self.counts[standing]
            self.counts[standing] = (well * (1 - lost), bad + well * lost)
        self.learnt, self.waiting, self.waiting_n = n, 0, 0
        self.refresh()

    def _learn(self, result: int) -> None:
        standing, passed = result >> 1, result & 1
        passes, failures = self.counts[standing]
        if passes + failures >= _MEMORY:
            keep = 1 - 1 / _MEMORY
            passes, failures = passes * keep, failures * keep
        self.counts[standing] = (passes + passed, failures + (not passed))
        self.learnt += standing == VerdictKind.FAIR

    def _keep_pace(self, at: float) -> None:
        """Counts results a day with exponential decay; the clock never goes back."""
        if self.last == -math.inf:
            self.last = at
        passed = max(0.0, at - self.last)
        decay = math.exp(-passed / _RATE_MEMORY)
        self.pace = self.pace * decay + DAY / _RATE_MEMORY
        self.weight = 1 - (1 - self.weight) * decay
        self.last = max(self.last, at)

    def refresh(self) -> None:
        """Recomputes gains and limit."""
        usual = min(_HIGHEST, max(5 * _LOWEST, self.rate))
        near = 1 / (1 + math.exp(NEAR) * (1 - usual) / usual)
        lower = [max(_LOWEST, min(rate, usual * 0.999)) for rate in (near, usual * _FAR, _FLOOR)]
        shares = [rate / usual for rate in lower]
        others = (lower_bound(*counts, _CAUTION) for counts in self.counts[1:])
        rates = [usual, *(min(usual, max(_LOWEST, rate)) for rate in others)]
        self.gains = (
            tuple(math.log(share) for share in shares),
            tuple(
                tuple(math.log((1 - rate * share) / (1 - rate)) for share in shares)
                for rate in rates
            ),
        )
        base = math.log(3 * 30 * _BUSY / self.policy.false_alerts)
        self.limit = base + _SLOPE * math.log(self.per_day / _BUSY)


def lower_bound(passes: float, failures: float, z: float) -> float:
    """A lower bound of a Beta's rate, ``z`` standard deviations down, by Wilson's formula."""
    n = passes + failures
    share, square = passes / n, z * z
    middle = share + square / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return (middle - half) / (1 + square / n)


class HeldUsual(Stored):
    """The usual of before a trouble. ``weeks`` (seconds) is how far back it is learnt,
    ``adopt`` how long a trouble lasts until it is the usual.
    """

    STATE = state(_before=same, _began=float, _ended=float, adopted=same)

    def __init__(self, weeks: float, adopt: float) -> None:
        self._weeks = weeks
        self._adopt = max(weeks, adopt)  # earlier the weeks before would still hold good times
        self._before: float | None = None  # None while nothing is held
        self._began = 0.0  # when the trouble that lasts was noticed; 0 while there is none
        self._ended = 0.0
        self.adopted: float | None = None
        """When a trouble last became the usual, in seconds of the epoch."""

    @property
    def holds(self) -> bool:
        """Whether the usual of before a trouble is in force."""
        return self._before is not None

    @property
    def lasts(self) -> bool:
        """Whether a trouble lasts."""
        return self._began > 0

    def of(self, learnt: float) -> float:
        """What is usual, where the weeks before say ``learnt``."""
        return learnt if self._before is None else self._before

    def follow(self, at: float, learnt: float, *, bad: bool, well: bool) -> None:
        """Takes in how the CI is at ``at``, by what is usual."""
        if bad and not self._began:
            self._before, self._began = self.of(learnt), at
        elif self._began and well:
            self._began, self._ended = 0.0, at
        elif self._began and at - self._began >= self._adopt:
            self._before, self._began = None, 0.0
            if bad:
                self.adopted = at
        elif self._before is not None and not self._began and at - self._ended >= self._weeks:
            self._before = None
