"""Shares that are bad when they are surely high. What infra and disagreement share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cibot.errors import ConfigError
from cibot.health.intervals import wilson
from cibot.health.observation import Judged
from cibot.health.signal import MOST_EVIDENCE, Signal, of_result
from cibot.health.words import percent, span
from cibot.model import State


@dataclass(frozen=True, slots=True)
class SharePolicy:
    """Where a share turns bad: its Wilson lower bound is compared. Shares are in 0..1.

    Raises ConfigError when the thresholds contradict each other.
    """

    window: timedelta
    minimum: int
    degraded: float
    failing: float
    clears: float  # at or below this share it is surely well again

    def __post_init__(self) -> None:
        if not 0 <= self.clears < self.degraded < self.failing < 1:
            raise ConfigError(
                f"clears = {self.clears}, degraded = {self.degraded} and"
                f" failing = {self.failing} must rise, between 0 and 1."
            )
        if self.minimum < 1 or self.window <= timedelta(0):
            raise ConfigError("minimum must be at least 1 and window longer than nothing.")


def share_signal(
    name: str, policy: SharePolicy, seen: list[Judged], bad: list[Judged], words: str
) -> Signal:
    """The signal of ``bad`` among ``seen``, which are in order; ``words`` say what is bad."""
    n, k = len(seen), len(bad)
    low, high = wilson(k, n)
    verdict = verdict_of(policy, k, n)
    said = f"{k} of {n} {words} in {span(policy.window)}" if n else "nothing to judge by"
    if n < policy.minimum:
        said += f"; {policy.minimum} are needed to judge"
    return Signal(
        name,
        verdict,
        figure=k / n if n else None,
        low=low if n else None,
        high=high if n else None,
        n=n,
        threshold=f"degraded when surely above {percent(policy.degraded)},"
        f" failing above {percent(policy.failing)}",
        said=said,
        evidence=tuple(of_result(one, words) for one in reversed(bad[-MOST_EVIDENCE:])),
        clears=verdict is State.HEALTHY and k <= policy.clears * n,
        since=bad[0].posted_at if verdict in (State.DEGRADED, State.FAILING) else None,
    )


def verdict_of(policy: SharePolicy, k: int, n: int) -> State:
    """What ``k`` bad ones of ``n`` mean; unknown below the minimum."""
    if n < policy.minimum:
        return State.UNKNOWN
    low = wilson(k, n).low
    if low > policy.failing:
        return State.FAILING
    return State.DEGRADED if low > policy.degraded else State.HEALTHY
