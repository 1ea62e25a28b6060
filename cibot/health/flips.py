"""Flips: failures that passed on the same patch set when they were run again. Proven flakes.

Shown only: an honest CI flips about half of its rechecked failures, so that a
fixed level would accuse everybody.
"""

from __future__ import annotations

from cibot.config.policy import FlipsPolicy
from cibot.health.inputs import Tried
from cibot.health.seen import Fault, FaultShare, Period
from cibot.health.signal import Reading, Signal, share_of
from cibot.health.state import Stored, part, state
from cibot.health.tally import Days, Proofs
from cibot.model import State

NAME = "flips"


class Flips(Stored):
    """How many of all results were failures whose next attempt on the patch set passed."""

    name = NAME

    STATE = state(_days=part, _proofs=part)

    def __init__(self, policy: FlipsPolicy) -> None:
        self._policy = policy
        self._days = Days(policy.window.total_seconds())
        self._proofs = Proofs()

    def take(self, one: Tried) -> None:
        """Takes in a pass or a failure."""
        self._days.add(one.at, 1, one.flipped is not None)
        if one.flipped is not None:
            self._proofs.add(one.flipped)

    def standing(self, _now: float, _ending: bool) -> Reading:
        """Shown only: never opens an incident."""
        return Reading(State.HEALTHY, True)

    def signal(self, now: float) -> Signal:
        """The share of flips, shown only."""
        n, k = self._days.count(now)
        since = now - self._policy.window.total_seconds()
        return Signal(
            NAME,
            State.HEALTHY if n >= self._policy.minimum else State.UNKNOWN,
            **share_of(k, n),
            seen=FaultShare(Fault.FLIPPED, k, n, Period(self._policy.window), self._policy.minimum),
            evidence=self._proofs.evidence(Fault.FLIPPED, since),
            counts=False,
        )
