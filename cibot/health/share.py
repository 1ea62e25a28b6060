"""Shares that are bad when they are surely high. What infra and disagreement share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain, islice, takewhile

from cibot.config.policy import SharePolicy
from cibot.health.chart import RECOVERED, Run
from cibot.health.facts import DAY, known_moment
from cibot.health.inputs import Counted
from cibot.health.intervals import wilson
from cibot.health.kind import Gauge, Reading
from cibot.health.seen import Fault, FaultRun, FaultShare, Period
from cibot.health.signal import SignalFigures, share_of
from cibot.health.state import part, since, state
from cibot.health.tally import Count, Proofs, SlidingTally
from cibot.model import State

# A level is looked at with every result, so 95 % would accuse a CI at half of the
# level every few months (0.19 alerts a month at 4 results a day, 0.04 with this).
SURE = 0.99
TAIL = 150  # results that are looked at to see whether a bad time is over
_REACH = 28 * DAY  # how far back what acquits may lie
_LEAST, _MOST = 0.05, 0.95  # no share is taken for surer than this

Outcomes = Sequence[tuple[bool, float]]
"""(well, when) of each result, in order."""


class Share(Gauge):
    """The share of results with a fault in a window."""

    STATE = state(_tally=part, _proofs=part, _from=since, _well=bool)

    def __init__(self, policy: SharePolicy, fault: Fault) -> None:
        self._policy = policy
        self._fault = fault
        self._limits: tuple[float, float | None] = (policy.degraded, policy.failing)
        self._tally = SlidingTally(policy.window.total_seconds(), _REACH, policy.minimum)
        self._proofs = Proofs()
        self._from = -math.inf  # what came before is of another time
        self._well = False  # since then, as far as is known

    def take(self, result: Counted) -> None:
        """Takes in a result, or takes one back."""
        self._tally.add(result.proof.at, result.bad, result.sign)
        if result.bad:
            self._proofs.add(result.proof, result.sign)
        back = self.standing(result.at, False).back
        if back is not None:
            self.begin(back)

    def begin(self, at: float, fails: float = 0.0) -> None:
        """Forgets what came before; since then the share ``fails`` is usual, as far as is known."""
        self._from, self._well = at, fails < self._policy.degraded

    def _look(self, now: float) -> tuple[Count, State, float | None]:
        """What counts, what it means, and since when it is well again after a bad time."""
        self._tally.slide(now)
        counted = self._tally.count
        if self._begun(now) is not None:
            counted = self._tally.since(self._from)
            verdict = verdict_of(self._policy, counted.bad, counted.n)
            if self._well and not verdict.bad:
                return counted, State.HEALTHY, self._from
        verdict = verdict_of(self._policy, counted.bad, counted.n)
        if verdict is State.UNKNOWN and self._from == -math.inf:
            # Results older than the window cannot accuse, but they may acquit: else an
            # incident of a CI that runs little would stay open for years.
            more = self._tally.newest(self._policy.minimum, now)
            if verdict_of(self._policy, more.bad, more.n) is State.HEALTHY:
                return more, State.HEALTHY, None
        if not verdict.bad:
            return counted, verdict, None
        back = self._back(counted)
        if back is None:
            return counted, verdict, None
        return self._tally.since(back), State.HEALTHY, back

    def _trouble_since(self) -> float | None:
        """When what makes it bad began."""
        outcomes = [outcome for outcome in self._tally.outcomes() if outcome[1] >= self._from - 60]
        return bad_since(outcomes, 1 - self._policy.clears)

    def standing(self, now: float, ending: bool) -> Reading:
        """Bad while the share is surely above the level."""
        counted, verdict, back = self._look(now)
        clears = (
            ending
            and verdict is State.HEALTHY
            and (
                back is not None
                or counted.bad <= self._policy.clears * counted.n
                or self._back(counted) is not None
            )
        )
        return Reading(verdict, clears, counted=counted, back=back)

    def _back(self, counted: Count) -> float | None:
        newest = takewhile(
            lambda outcome: outcome[1] >= self._from - 60, self._tally.newest_outcomes()
        )
        return back_since(counted, newest, 1 - self._policy.clears)

    def figures(self, now: float, reading: Reading) -> SignalFigures:
        """The share with its interval."""
        (n, k), back, policy = reading.counted, reading.back, self._policy
        begun = self._begun(now) if back is None else back
        looked = self._looked(n, now)
        oldest = now - looked if begun is None else begun
        return SignalFigures(
            **share_of(k, n),
            seen=FaultShare(
                self._fault,
                k,
                n,
                Period(timedelta(seconds=looked), known_moment(begun)),
                policy.minimum if back is None else 0,
                *self._limits,
                self._run(),
                usual=reading.bad and self._is_usual(now),
            ),
            evidence=self._proofs.evidence(self._fault, oldest),
            since=known_moment(self._trouble_since() if reading.bad else None),
        )

    def _run(self) -> FaultRun | None:
        """What accuses, where it is not the window."""
        return None

    def _is_usual(self, _now: float) -> bool:
        """Whether it was not better before, where that makes it no news."""
        return False

    def _begun(self, now: float) -> float | None:
        """When it recovered, where that is within the window."""
        return self._from if self._from > now - self._policy.window.total_seconds() else None

    def _looked(self, n: int, now: float) -> float:
        """How many seconds back ``n`` count: the window or, to acquit, as far as it takes."""
        looked = self._policy.window.total_seconds()
        if n <= self._tally.n:
            return looked
        first = self._tally.first(self._policy.minimum, now)
        return looked if first is None else max(looked, now - first)


def may_be_back(count: Count, run: int, good: float) -> bool:
    """Whether `back_since` can find anything: quickly, and for most that are asked for it cannot.

    ``run`` of the newest results are well, in a row; ``good`` is as there.
    """
    until = count.n - min(run, TAIL)
    low = max(_LEAST, (until - count.bad + 0.5) / (until + 1))
    high = min(_MOST, good)
    return low < high and min(count.good, TAIL) * math.log(high / low) >= RECOVERED


def back_since(
    count: Count, newest: Iterable[tuple[bool, float]], good: float, worse: float = _MOST
) -> float | None:
    """Since when it is well again: the newest results weigh 30,000 to 1 for the good rate.

    ``newest`` are the results, newest first, of which `TAIL` are looked at. ``good``,
    the share of well ones (0..1) in good times, is weighed against the share until
    the last bad one, or against ``worse`` where that is lower. None where it is not well again.
    """
    if not count.bad:
        return None
    results = islice(newest, TAIL)
    run: list[tuple[bool, float]] = []  # of well ones at the end, and the bad one before it
    for result in results:
        run.append(result)
        if not result[0]:
            break
    until = count.n - len(run) + (not run[-1][0] if run else 0)
    if until <= 0:
        return None
    low = max(_LEAST, min(worse, (until - count.bad + 0.5) / (until + 1)))
    high = min(_MOST, good)
    if low >= high:
        return None
    up, down = math.log(high / low), math.log((1 - high) / (1 - low))
    score, best, start = 0.0, 0.0, 0.0
    reach = up * TAIL  # the score at the end, were all that follow well
    for well, at in chain(run, results):
        if well:
            score += up
            if score > best:
                best, start = score, at
            continue
        score, reach = score + down, reach + down - up
        if score <= -RECOVERED or (best < RECOVERED and reach < RECOVERED):
            break  # as sure that it is not, or never to be sure: what was before does not matter
    return start if best >= RECOVERED else None


def bad_since(outcomes: Outcomes, good: float) -> float | None:
    """Where the share of good times stops to fit what came: when the trouble began.

    Takes what `back_since` takes; None where the good share fits.
    """
    if not outcomes:
        return None
    share = sum(well for well, _at in outcomes) / len(outcomes)
    high = min(_MOST, good)
    low = max(_LEAST, min(share, high - _LEAST))
    if low >= high:
        return None
    run = Run()
    for well, at in outcomes:
        gain = math.log(low / high) if well else math.log((1 - low) / (1 - high))
        run.add(gain, well, at)
    return run.start if run.n else None


def verdict_of(policy: SharePolicy, k: int, n: int) -> State:
    """What ``k`` bad ones of ``n`` mean; unknown below the minimum."""
    if n < policy.minimum:
        return State.UNKNOWN
    if k <= policy.degraded * n:
        return State.HEALTHY  # the bound lies below
    low = wilson(k, n, SURE).low
    if low > policy.failing:
        return State.FAILING
    return State.DEGRADED if low > policy.degraded else State.HEALTHY
