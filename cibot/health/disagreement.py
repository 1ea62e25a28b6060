"""Disagreement on the same patch sets: with the reference CI, both ways, and with itself."""

from __future__ import annotations

import math

from cibot.config.policy import FlipsPolicy, SharePolicy
from cibot.health.facts import DAY
from cibot.health.inputs import Counted, Tried
from cibot.health.intervals import wilson
from cibot.health.kind import Gauge, Reading
from cibot.health.level import Level
from cibot.health.seen import Fault, FaultShare, Period
from cibot.health.series import Stacks
from cibot.health.share import SURE, Share
from cibot.health.signal import SignalFigures, share_of
from cibot.health.state import part, state
from cibot.health.tally import Count, Days, Proofs
from cibot.model import State

NAME = "disagreement"
FLIPS = "flips"
PASSES_EVERYTHING = "passes_everything"
_EVERYTHING = 0.75  # surely passed of what the reference failed: all of twenty
_FAILS = 0.01  # of its results, at most
_FOR = 14 * DAY  # seconds that it has been so
_PAST = 182 * DAY  # seconds in which it is looked for that it was not


class FalseFailures(Share):
    """How often the CI fails what the reference passed; fed from the window ``paired``.

    A change that fails with one patch set after the other is one failure, and so is a stack.
    """

    name = NAME
    about = (
        "Patch sets that the CI failed and the reference CI passed; a change that fails with"
        " one patch set after the other counts once. The reverse, what it passed and the"
        " reference failed, is shown as “passes everything” and does not count here: a CI with"
        " other jobs may rightly pass."
    )
    compares = True

    STATE = state(**Share.STATE, _stacks=part)

    def __init__(self, policy: SharePolicy) -> None:
        super().__init__(policy, Fault.FAILED_ALONE)
        self._stacks = Stacks()

    def take(self, result: Counted) -> None:
        """Takes in a result, or takes one back."""
        if not (result.bad and self._stacks.repeats(result)):
            super().take(result)


class FalsePasses(Share):
    """How often the CI passes what the reference failed: does it look at anything at all?

    A CI that runs other jobs than the reference rightly passes much of it. So it is bad only
    where it passes surely nearly all of it, has failed nothing else, and that for weeks. Of a
    change the last patch set counts; fed from the window ``refused``. Such changes
    are few, so it looks back four windows.
    """

    name = PASSES_EVERYTHING
    about = (
        "What the CI passed of the changes that the reference failed, over four weeks. It is"
        " bad where it passes surely three quarters of them for two weeks, without one failure"
        " with the reference, and fails nothing else."
    )
    section = ""
    compares = True

    STATE = state(**Share.STATE, _past=part)

    def __init__(self, policy: SharePolicy, level: Level) -> None:
        longer = policy.model_copy(update={"window": 4 * policy.window})
        super().__init__(longer, Fault.PASSED_ALONE)
        self._limits = (_EVERYTHING, None)
        self._level = level
        self._past = Days(_PAST)

    def take(self, result: Counted) -> None:
        """Takes in a result, or takes one back."""
        super().take(result)
        self._past.add(result.proof.at, result.sign, result.sign * result.bad)

    def standing(self, now: float, _ending: bool) -> Reading:
        """Bad while it surely passes nearly all of it, and that for weeks."""
        self._tally.slide(now)
        counted, own = self._tally.count, self._level.counted(now)
        if counted.n < self._policy.minimum:
            return Reading(State.UNKNOWN, False, counted=counted)
        sure = wilson(counted.bad, counted.n, SURE).low >= _EVERYTHING
        blind = sure and own.bad <= _FAILS * own.n and self._trouble_since() <= now - _FOR
        return Reading(State.DEGRADED if blind else State.HEALTHY, not blind, counted=counted)

    def _is_usual(self, now: float) -> bool:
        """Whether the half year before does not show that it passed less."""
        lately, (n, passed) = self._tally.since(self._trouble_since()), self._past.count(now)
        n, passed = n - lately.n, passed - lately.bad
        return n <= 0 or wilson(max(passed, 0), n, SURE).high >= _EVERYTHING

    def _trouble_since(self) -> float:
        """The first pass after the last time that it failed with the reference."""
        began = math.inf
        for well, at in self._tally.newest_outcomes():
            if well:
                break
            began = at
        return began


class Flips(Gauge):
    """How many of all results were failures whose next attempt on the patch set passed.

    Proven flakes. Shown only: an honest CI flips about half of its rechecked failures, so that a
    fixed level would accuse everybody.
    """

    name = FLIPS
    about = (
        "Failures that passed when the same patch set was run again. Shown only: every CI flips"
        " now and then, so it sets no state and raises no alert."
    )
    counts = False

    STATE = state(_days=part, _proofs=part)

    def __init__(self, policy: FlipsPolicy) -> None:
        self._policy = policy
        self._days = Days(policy.window.total_seconds())
        self._proofs = Proofs()

    def take(self, tried: Tried) -> None:
        """Takes in a pass or a failure."""
        self._days.add(tried.at, 1, tried.flipped is not None)
        if tried.flipped is not None:
            self._proofs.add(tried.flipped)

    def standing(self, now: float, _ending: bool) -> Reading:
        """Shown only: never opens an incident."""
        count = Count(*self._days.count(now))
        enough = count.n >= self._policy.minimum
        return Reading(State.HEALTHY if enough else State.UNKNOWN, False, counted=count)

    def figures(self, now: float, reading: Reading) -> SignalFigures:
        """The share of flips."""
        n, k = reading.counted
        since = now - self._policy.window.total_seconds()
        return SignalFigures(
            **share_of(k, n),
            seen=FaultShare(Fault.FLIPPED, k, n, Period(self._policy.window), self._policy.minimum),
            evidence=self._proofs.evidence(Fault.FLIPPED, since),
        )
