"""Level: what share of its results a CI passes, whatever it used to pass.

Only what speaks of the CI counts, as for success. A level sets the state; it is
news when it is reached, and not again while it stays. The bound of the Wilson
interval that speaks for the CI is compared, so few results accuse nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cibot.config.policy import SuccessPolicy
from cibot.health.facts import Proof, moment
from cibot.health.inputs import Counted
from cibot.health.intervals import wilson
from cibot.health.share import SURE, back_since, bad_since
from cibot.health.signal import MOST_EVIDENCE, Evidence, Reading, Signal, evidence
from cibot.health.tally import Count, Proofs, SlidingTally
from cibot.health.words import percent, span, stamp
from cibot.model import State

NAME = "level"
_HIGHEST = 0.95  # no regime is taken for surer than this


class Level:
    """The rate of the window.

    ``settled`` tells whether the chart knows the CI, and since when it is back after a drop.
    """

    name = NAME

    def __init__(self, policy: SuccessPolicy) -> None:
        self._policy = policy
        self._tally = SlidingTally(policy.window.total_seconds(), policy.reach.total_seconds())
        self.proofs = Proofs()
        self._paired = -math.inf  # the newest result that stood beside a reference's pass
        self.settled: Callable[[], tuple[bool, float | None]] = lambda: (False, None)

    def take(self, one: Counted) -> None:
        """Takes in a result, or takes one back."""
        self._tally.add(one.proof.at, one.bad, one.sign)
        if one.bad:
            self.proofs.add(one.proof, one.sign)

    def pair(self, at: float) -> None:
        """A result of that time counts since the reference passed what it failed or passed."""
        self._paired = max(self._paired, at)

    def words(self, proof: Proof) -> str:
        """What a failure says as evidence."""
        return "failed, the reference passed" if proof.at <= self._paired else "failed"

    def counted(self, now: float) -> Count:
        """What the window holds; where that is too little, the newest in reach."""
        self._tally.slide(now)
        return self._tally.newest(self._policy.minimum, now)

    def _look(self, now: float) -> tuple[Count, State, float | None]:
        """What counts, what it means, and since when it is back where that is all that counts."""
        counted = self.counted(now)
        found = level(self._policy, counted.good, counted.n)
        if not found.bad:
            return counted, found, None
        back = self._back_since(counted)
        after = self._tally.since(back) if back is not None else Count(0, 0)
        if not after.n:
            return counted, found, None
        return after, level(self._policy, after.good, after.n), back

    def _back_since(self, counted: Count) -> float | None:
        """Since when it is well again: as the chart has it, else as the last results weigh."""
        known, settled = self.settled()
        if known:
            return settled
        # Before the chart knows the CI.
        return back_since(counted, self._tally.newest_outcomes(), _HIGHEST)

    def standing(self, now: float, ending: bool) -> Reading:
        """Bad while the rate is surely below the level."""
        counted, verdict, back = self._look(now)
        return Reading(verdict, ending and self._clears(counted, verdict, back))

    def _clears(self, counted: Count, verdict: State, back: float | None) -> bool:
        well = back is not None or counted.good >= self._policy.clears * counted.n
        return verdict is State.HEALTHY and well

    def signal(self, now: float) -> Signal:
        """The share of PASS in PASS and FAIL, and what it means by itself."""
        counted, verdict, back = self._look(now)
        n, bad = counted
        low, high = wilson(n - bad, n)
        policy = self._policy
        return Signal(
            NAME,
            verdict,
            figure=(n - bad) / n if n else None,
            low=low if n else None,
            high=high if n else None,
            n=n,
            threshold=f"degraded when surely below {percent(policy.degraded)},"
            f" failing below {percent(policy.failing)}",
            said=self.said(now) if back is None else self._said_since(counted, back),
            evidence=tuple(self.evidence(now, back)),
            clears=self._clears(counted, verdict, back),
            since=self._since(now, back) if verdict.bad else None,
        )

    def said(self, now: float) -> str:
        """The rate of the window in words."""
        counted = self.counted(now)
        if not counted.n:
            return f"no results in {span(self._policy.reach)}"
        first = self._tally.first(self._policy.minimum, now)
        looked = max(self._policy.window.total_seconds(), now - (now if first is None else first))
        return self._in_words(counted, now - looked, f"in {span(timedelta(seconds=looked))}")

    def _said_since(self, counted: Count, back: float) -> str:
        return self._in_words(counted, back, f"since it recovered {stamp(back)}")

    def _in_words(self, counted: Count, oldest: float, when: str) -> str:
        said = f"{counted.good} of {counted.n} passed {when}"
        if self._paired >= oldest:
            said += " where the reference passed"
        if counted.n < self._policy.minimum:
            said += f"; {self._policy.minimum} are needed to judge"
        return said

    def evidence(self, now: float, since: float | None = None) -> list[Evidence]:
        """The newest failures, of ``since`` and later, newest first."""
        if since is None:
            since = now - self._policy.reach.total_seconds()
        return [evidence(one, self.words(one)) for one in self.proofs.newest(MOST_EVIDENCE, since)]

    def _since(self, now: float, back: float | None) -> datetime | None:
        first = self._tally.first(self._policy.minimum, now) if back is None else back
        since = bad_since(list(self._tally.outcomes(first)), self._policy.clears)
        return None if since is None else moment(since)

    def row(self) -> Any:
        """Its state as plain JSON values."""
        paired = None if self._paired == -math.inf else self._paired
        return [self._tally.row(), self.proofs.row(), paired]

    def read(self, row: Any) -> None:
        """Takes over what `row` gave."""
        tally, proofs, paired = row
        self._paired = -math.inf if paired is None else float(paired)
        self._tally.read(tally)
        self.proofs.read(proofs)


def level(policy: SuccessPolicy, passes: int, n: int) -> State:
    """What a pass rate means by itself; unknown below the minimum."""
    if n < policy.minimum:
        return State.UNKNOWN
    return by_bound(policy, passes, n)


def by_bound(policy: SuccessPolicy, passes: int, n: int) -> State:
    """What the upper bound of a pass rate says of it."""
    high = wilson(passes, n, SURE).high
    if high < policy.failing:
        return State.FAILING
    return State.DEGRADED if high < policy.degraded else State.HEALTHY
