"""Level: what share of its results a CI passes, whatever it used to pass.

Only what speaks of the CI counts, as for success. A level sets the state; it is
news when it is reached, and not again while it stays. The bound of the Wilson
interval that speaks for the CI is compared, so few results open no incident.
"""

from __future__ import annotations

import math
from datetime import timedelta

from cibot.config.policy import SuccessPolicy
from cibot.health.chart import FEWEST, Chart
from cibot.health.facts import Proof, known_moment
from cibot.health.inputs import Counted
from cibot.health.intervals import wilson
from cibot.health.kind import Gauge, Reading
from cibot.health.seen import Fault, PassRate, Period
from cibot.health.series import Stacks
from cibot.health.share import SURE, back_since, bad_since, may_be_back
from cibot.health.signal import Evidence, SignalFigures, evidence, share_of
from cibot.health.state import part, since, state
from cibot.health.tally import Count, Proofs, SlidingTally
from cibot.model import State

NAME = "level"
_HIGHEST = 0.95  # no regime is taken for surer than this


class Level(Gauge):
    """The rate of the window.

    A change that fails with one patch set after the other is one failure. A stack is not, but the
    rate is bad only where three stacks failed, or a reference passed what they hold. The ``chart``
    of the same results, where there is one, knows better since when they are well again.
    """

    name = NAME
    about = (
        "The share of results that passed, whatever it used to be, counting only patch sets"
        " that the reference CI passed: a failure on a broken change is the change’s, not the"
        " CI’s. The interval (Wilson’s) is compared, not the share itself, so a few results"
        " prove nothing."
    )
    section = "success"
    compares = True

    STATE = state(
        _tally=part, proofs=part, _stacks=part, _repeats=part, _paired=since, _again=since
    )

    def __init__(self, policy: SuccessPolicy) -> None:
        self._policy = policy
        spans = policy.window.total_seconds(), policy.reach.total_seconds()
        self._tally = SlidingTally(*spans)
        self._repeats = SlidingTally(*spans)  # those that failed as another of their stack did
        self.proofs = Proofs()
        self._stacks = Stacks()
        self._again = -math.inf  # since when it is well again, while no chart says so
        self._paired = -math.inf  # the newest result on a patch set that a reference passed
        self.chart: Chart | None = None

    def take(self, result: Counted) -> None:
        """Takes in a result, or takes one back."""
        self._tally.add(result.proof.at, result.bad, result.sign)
        if result.bad:
            self.proofs.add(result.proof, result.sign)
            if self._stacks.repeats(result):
                self._repeats.add(result.proof.at, True, result.sign)
        elif not self._is_charted:
            counted = self.counted(result.at)
            if counted.bad and may_be_back(counted, self._tally.run, _HIGHEST):
                back = back_since(counted, self._tally.newest_outcomes(), _HIGHEST)
                self._again = max(self._again, back or -math.inf)

    def pair(self, result: Counted) -> None:
        """A result counts since the reference passed what it failed or passed."""
        self._paired = max(self._paired, result.proof.at)

    def fault(self, proof: Proof) -> Fault:
        """What a failure is as evidence."""
        return Fault.FAILED_ALONE if proof.at <= self._paired else Fault.FAILED

    def counted(self, now: float) -> Count:
        """What the window holds; where that is too little, the newest in reach."""
        self._tally.slide(now)
        self._repeats.slide(now)
        return self._tally.newest(self._policy.minimum, now)

    def since(self, at: float) -> Count:
        """What the window holds of that time and later."""
        return self._tally.since(at)

    def reached(self, since: float) -> Count:
        """What is known of that time and later, in reach."""
        return self._tally.reached(since)

    def standing(self, now: float, _ending: bool) -> Reading:
        """Bad while the rate is surely below the level: since it is back, only what came since."""
        counted = self.counted(now)
        verdict = self._verdict(counted, now)
        if not verdict.bad:
            enough = counted.good >= self._policy.clears * counted.n
            return Reading(verdict, enough and verdict is State.HEALTHY, counted=counted)
        back = self._back_since(now)
        after = self._tally.since(back) if back is not None else Count(0, 0)
        if not after.n:
            return Reading(verdict, False, counted=counted)
        verdict = self._verdict(after, now, back)
        usual = self.chart.baseline.mean if self.chart else 0.0
        if after.n < self._policy.minimum and usual >= self._policy.degraded:
            verdict = State.HEALTHY  # as the chart has it
        return Reading(verdict, verdict is State.HEALTHY, counted=after, back=back)

    def _verdict(self, counted: Count, now: float, since: float | None = None) -> State:
        """What the rate means: nothing, where hardly any stack failed and no reference passed."""
        verdict = level(self._policy, counted.good, counted.n)
        if not verdict.bad:
            return verdict
        since = self._tally.first(self._policy.minimum, now) if since is None else since
        if since is None or self._paired >= since:
            return verdict
        repeats = self._repeats.reached(since).n
        return verdict if counted.bad - repeats >= FEWEST else State.HEALTHY

    @property
    def _is_charted(self) -> bool:
        """Whether the chart knows the CI as it is now."""
        chart = self.chart
        return chart is not None and chart.baseline.ready and chart.adopted <= chart.settled

    def _back_since(self, now: float) -> float | None:
        """Since when it is well again: as the chart has it, else as the last results weigh.

        None where that was before all that counts, of which it says nothing then.
        """
        again = self.chart.settled_at if self.chart and self._is_charted else self._again
        first = self._tally.first(self._policy.minimum, now)
        if again is None or first is None or again < first:
            return None
        return again

    def figures(self, now: float, reading: Reading) -> SignalFigures:
        """The share of PASS in PASS and FAIL."""
        counted, back = reading.counted, reading.back
        return SignalFigures(
            **share_of(counted.good, counted.n),
            seen=self._rate(counted, now, back),
            evidence=tuple(self.evidence(now, back)),
            since=known_moment(self.trouble_since(now, reading)),
        )

    def rate(self, now: float) -> PassRate:
        """The rate of the window or, where it holds too little, of the newest in reach."""
        return self._rate(self.counted(now), now, None)

    def _rate(self, counted: Count, now: float, back: float | None) -> PassRate:
        policy, oldest = self._policy, self._oldest(now)
        return PassRate(
            counted.good,
            counted.n,
            Period(timedelta(seconds=now - oldest), known_moment(back)),
            policy.minimum,
            self._paired >= (oldest if back is None else back),
            policy.degraded,
            policy.failing,
        )

    def _oldest(self, now: float) -> float:
        """From when on results are looked at: nothing older is evidence."""
        if not self.counted(now).n:
            return now - self._policy.reach.total_seconds()
        first = self._tally.first(self._policy.minimum, now)
        return min(now - self._policy.window.total_seconds(), now if first is None else first)

    def evidence(self, now: float, back: float | None = None) -> list[Evidence]:
        """The newest failures of those that count, or since ``back``; newest first."""
        since = self._oldest(now) if back is None else back
        return [evidence(proof, self.fault(proof)) for proof in self.proofs.newest(since)]

    def trouble_since(self, now: float, reading: Reading) -> float | None:
        """When it came to be bad; None while it is not."""
        if not reading.bad:
            return None
        back = reading.back
        first = self._tally.first(self._policy.minimum, now) if back is None else back
        return bad_since(list(self._tally.outcomes(first)), self._policy.clears)


def level(policy: SuccessPolicy, passes: int, n: int) -> State:
    """What a pass rate means by itself; unknown below the minimum."""
    if n < policy.minimum:
        return State.UNKNOWN
    return by_bound(policy, passes, n)


def by_bound(policy: SuccessPolicy, passes: int, n: int) -> State:
    """What the upper bound of a pass rate says of it."""
    if passes >= policy.degraded * n:
        return State.HEALTHY  # the bound lies above
    high = wilson(passes, n, SURE).high
    if high < policy.failing:
        return State.FAILING
    return State.DEGRADED if high < policy.degraded else State.HEALTHY
