"""Disagreement with the reference CI on the same patch sets, both ways."""

from __future__ import annotations

from dataclasses import replace

from cibot.config.policy import SharePolicy
from cibot.health.seen import Fault
from cibot.health.share import Share
from cibot.health.signal import Signal
from cibot.model import State

NAME = "disagreement"
PASSES_EVERYTHING = "passes_everything"


def false_failures(policy: SharePolicy) -> Share:
    """How often the CI fails what the reference passed; fed from the window ``paired``.

    A change that fails with one patch set after the other is one failure.
    """
    return Share(NAME, policy, Fault.FAILED_ALONE)


class FalsePasses(Share):
    """How often the CI passes what the reference failed: does it look at anything at all?

    Shown only. A CI that runs other jobs than the reference does so honestly. Of a
    change the last patch set counts; fed from the window ``refused``. Such changes
    are few, so it looks back four windows.
    """

    def __init__(self, policy: SharePolicy) -> None:
        longer = policy.model_copy(update={"window": 4 * policy.window})
        super().__init__(PASSES_EVERYTHING, longer, Fault.PASSED_ALONE, counts=False)

    def signal(self, now: float) -> Signal:
        """The share, which accuses nobody."""
        found = super().signal(now)
        return replace(
            found,
            verdict=State.HEALTHY if found.n >= self._policy.minimum else State.UNKNOWN,
            since=None,
        )
