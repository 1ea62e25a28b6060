"""The change chart: notices when a CI passes less than it used to, in O(1) memory.

Bernoulli CUSUM charts (Page 1954; Reynolds and Stoumbos 1999) watch for a drop
to three places: a little below the CI's usual rate, far below it, and almost
nothing. The usual rate is learnt as results come, late enough that a drop does
not hide itself. A second chart watches for the way back up. Results go in one at
a time, in the order in which they were posted; the same results give the same
state, and the state goes to plain values and back without loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from cibot.config.policy import ChartPolicy
from cibot.health.baseline import HANDICAPS, NEAR, Baseline
from cibot.health.facts import moment
from cibot.health.inputs import VerdictKind
from cibot.health.state import Stored, maybe, part, since, state

_NEVER = -math.inf
# The odds at which a CI is believed to be well again: asked with each of thousands of
# results of a long bad time, and yet reached by four passes after an outage of days.
RECOVERED = math.log(30_000)
# Where fewer results come a day than these, it is asked as much more seldom, and may be wrong with
# as much smaller odds; but not with smaller ones than these, since somebody is told.
_ASKED, _SURELY = 20, math.log(1_000)
# Changes that failed since the last zero: two can be one hiccup, however rare failures are, and one
# that is bad fails with several patch sets.
FEWEST = 3
_HALF_WAY = 1.5  # log-likelihood by which a way up that ends below the usual rate differs from one
PAST = math.log(3)  # odds at which a drop that is not noticed, or not announced, yet lies behind
_LIKELY = math.log(300)  # odds at which a drop that would be how the CI is now is over instead
_HARDLY, _RARELY = math.log(1_000), math.log(100)
_LOWEST, _HIGHEST = 0.05, 0.99  # rates that the way up is weighed between
_SELDOM = 0.2  # where less passes usually, that nothing does is no news


@dataclass(slots=True)
class Run(Stored):
    """One CUSUM: its score, and the results since it last stood at zero."""

    score: float = 0.0
    start: float = _NEVER  # when the first of them was posted, in epoch seconds
    n: int = 0
    passes: int = 0
    peak: float = 0.0  # the highest score since then
    failed: tuple[int | None, ...] = ()  # the first `FEWEST` changes that failed

    STATE = state(score=float, start=since, n=int, passes=int, peak=float, failed=tuple)

    def add(self, gain: float, passed: bool, at: float) -> None:
        """Adds one result; at zero a new run starts."""
        score = self.score + gain
        if score <= 0.0:
            if self.n:
                self.score, self.start, self.n, self.passes, self.peak = 0.0, _NEVER, 0, 0, 0.0
                self.failed = ()
            return
        if not self.n:
            self.start = at
        self.score = score
        self.peak = max(self.peak, score)
        self.n += 1
        self.passes += passed

    def fail(self, change: int | None) -> None:
        """Notes whose failure was added last; None where it is not known."""
        if self.n and len(self.failed) < FEWEST and (change is None or change not in self.failed):
            self.failed = (*self.failed, change)


@dataclass(frozen=True, slots=True)
class Drop:
    """A change for the worse: since when, what it was before, what was seen since.

    ``n`` are the results that the level counts since then, ``weighed`` the failures among them
    that the chart was fed. ``again`` are the failures that passed when they were run again,
    ``changes`` those that failed, and ``alike`` on how many of these the same job did;
    ``stacks`` and ``authors`` are as in `cibot.health.at_fault.Failures`. ``past`` says that what
    came last is more like what is usual.
    """

    since: datetime
    usual: float
    n: int
    passes: int
    weighed: int = 0
    again: int = 0
    changes: int = 0
    alike: int = 0
    stacks: int = 0
    authors: int = 0
    past: bool = False

    @property
    def flaky(self) -> bool:
        """Whether so many passed when run again that the changes were not at fault."""
        return 0 < self.weighed <= 2 * self.again

    @property
    def is_one(self) -> bool:
        """Whether one job failed on most of the changes: each by itself would fail another."""
        return 2 * self.alike > self.changes

    @property
    def is_widespread(self) -> bool:
        """Whether so many stacks failed that they are hardly all bad.

        Luck makes so many at most once in 1,000 times; once in a million where all are known to be
        of one or two authors.
        """
        times = 2 if 0 < self.authors < FEWEST else 1
        return self._surprise(self.stacks) >= times * _HARDLY

    def accuses(self, failing: bool) -> bool:
        """Whether the CI is at fault, and not the changes, where no reference says so.

        It is where most failures passed when they were run again, if there are still more than
        usual; one that is ``failing``, where one job fails on most of the changes, and on many.
        What lies behind by the time that this is known is no news any more.
        """
        if self.past:
            return False
        if self.flaky and self._surprise(self.n - self.passes) >= _RARELY:
            return True
        return failing and self.is_one and self.is_widespread

    def _surprise(self, failed: int) -> float:
        """How seldom luck makes so many fail, at the usual rate and beside so many that passed.

        The logarithm by Chernoff's bound; 0 where no more fail than usual.
        """
        n, usual = failed + self.passes, min(self.usual, _HIGHEST)
        share = failed / n if n else 0.0
        if share <= 1 - usual:
            return 0.0
        passed = (1 - share) * math.log((1 - share) / usual) if self.passes else 0.0
        return n * (share * math.log(share / (1 - usual)) + passed)


@dataclass(slots=True)
class Chart(Stored):
    """The state of one CI's chart; `add` feeds it."""

    policy: ChartPolicy
    baseline: Baseline = field(init=False)
    runs: list[Run] = field(init=False)
    dropped: Run | None = None  # while firing: everything since the drop
    usual: float = 0.0  # while firing: the rate before the drop
    fired: float = _NEVER  # when it last fired
    floor: bool = False  # when it last fired, that almost nothing passes was the likeliest
    way_up: Run = field(default_factory=Run)
    settled: float = _NEVER  # when it last came back to its usual rate
    adopted: float = _NEVER  # when a drop last became how the CI is now

    STATE = state(
        baseline=part,
        runs=part,
        dropped=maybe(Run.from_row),
        usual=float,
        fired=since,
        floor=bool,
        way_up=part,
        settled=since,
        adopted=since,
    )

    def __post_init__(self) -> None:
        self.baseline = Baseline(self.policy)
        self.runs = [Run() for _ in HANDICAPS]

    def add(
        self,
        passed: bool,
        at: float,
        standing: VerdictKind = VerdictKind.FAIR,
        change: int | None = None,
    ) -> None:
        """Takes in the next result, posted at ``at`` (seconds of the epoch).

        One posted before its predecessor counts as posted with it. ``change`` is whose it is,
        as far as that is known.
        """
        if self.dropped is not None:
            if standing is not VerdictKind.UNPAIRED:  # whose usual rate is another
                self._watch_way_up(self.dropped, passed, at)
            return
        baseline = self.baseline
        if not self._watches:  # else it would find, once it does, what may be long over
            baseline.add(passed, at, standing)
            return
        gains = baseline.gains[0] if passed else baseline.gains[1][standing]
        worst, height = None, _NEVER
        for run, gain, handicap in zip(self.runs, gains, HANDICAPS, strict=True):
            run.add(gain, passed, at)
            if not passed and standing is not VerdictKind.AGAIN:
                run.fail(change)
            if run.score + handicap > height:
                worst, height = run, run.score + handicap
        baseline.add(passed, at, standing)
        if worst is None or height < baseline.limit:
            return
        # Where fewer results come than did, the limit sinks: what the last ones say is as usual,
        # and worse before, is no news then.
        if len(worst.failed) >= FEWEST and worst.score > worst.peak - PAST:
            self._fire(worst, at)

    @property
    def drop(self) -> Drop | None:
        """What it fires for, as far as the chart was fed, or None."""
        run = self.dropped
        if run is None:
            return None
        past = self.way_up.score >= PAST
        return Drop(moment(run.start), self.usual, run.n, run.passes, run.n - run.passes, past=past)

    @property
    def _watches(self) -> bool:
        """Whether it is known how much passes usually, and that is enough to drop from."""
        return self.baseline.ready and self.baseline.mean >= _SELDOM

    @property
    def rising(self) -> bool:
        """Whether it is half way to firing."""
        if self.dropped is not None or not self._watches:
            return False
        limit = self.baseline.limit
        for run, handicap in zip(self.runs, HANDICAPS, strict=True):
            if 2 * run.score >= limit - handicap:
                return True
        return False

    @property
    def settled_at(self) -> float | None:
        """When it last came back after a drop, in seconds of the epoch.

        Results before that are of another time.
        """
        return None if self.settled == _NEVER else self.settled

    @property
    def adopted_at(self) -> float | None:
        """When a drop last became how the CI is now, in seconds of the epoch."""
        return None if self.adopted == _NEVER else self.adopted

    def _fire(self, run: Run, at: float) -> None:
        self.fired = at
        floor = self.runs[-1]
        self.floor = floor.score > 0 and floor.score >= max(run.score for run in self.runs)
        self.usual = self.baseline.mean
        self.baseline.forget(run.n)
        self.dropped = Run(run.score, run.start, run.n, run.passes)
        self.runs = [Run() for _ in self.runs]
        self.way_up = Run()

    def _watch_way_up(self, dropped: Run, passed: bool, at: float) -> None:
        """Weighs the usual rate against the one since the drop, until it is surely back."""
        low, high = self._rates(dropped)
        dropped.n += 1
        dropped.passes += passed
        gain = math.log(high / low) if passed else math.log((1 - high) / (1 - low))
        self.way_up.add(gain, passed, at)
        lasts = self._lasts(dropped, at)
        back = self.way_up.score >= (_LIKELY if lasts else self._enough)
        if back and self._half_way(self.way_up, high):
            self.way_up, back = Run(), False
        if back:
            self.settled = self.way_up.start
            self.dropped, self.way_up = None, Run()
        elif lasts:
            self.adopt(at, dropped.n, dropped.passes)

    @property
    def _enough(self) -> float:
        """The odds at which it is back."""
        seldom = math.log(min(1.0, self.baseline.per_day / _ASKED))
        return max(_SURELY, RECOVERED + seldom)

    def adopt(self, at: float, n: int, passes: int) -> None:
        """From now on ``passes`` of ``n`` are how the CI is."""
        self.baseline.become(n, passes)
        self.adopted = at
        self.dropped, self.way_up = None, Run()
        self.runs = [Run() for _ in self.runs]

    def _rates(self, dropped: Run) -> tuple[float, float]:
        """What passes since the drop, as far as is known, and what usually does.

        What may be the way up counts too: a drop of which little was seen may be less than it
        seems, and is known by what comes after it.
        """
        high = min(self.usual, _HIGHEST)
        nearest = 1 / (1 + math.exp(NEAR) * (1 - high) / high)
        low = (dropped.passes + 0.5) / (dropped.n + 1)
        return max(min(low, nearest), min(_LOWEST, high / 2)), high

    @staticmethod
    def _half_way(way_up: Run, usual: float) -> bool:
        """Whether what passes is more than after the drop, and still less than is usual.

        It is how bad the drop is, then, and the way up begins again.
        """
        rate = way_up.passes / way_up.n
        if rate >= usual:
            return False
        fails = (1 - rate) * math.log((1 - rate) / (1 - usual))
        return way_up.n * (rate * math.log(rate / usual) + fails) > _HALF_WAY

    def _lasts(self, dropped: Run, at: float) -> bool:
        """Whether this is how the CI is now: news no more, what it is its level says.

        Counted from when it was noticed: a sparse CI's drop is older than that then.
        """
        lasted = at - self.fired >= self.policy.adopt.total_seconds()
        return lasted and dropped.n >= self.policy.minimum
