"""Success: how much of what it should pass the CI passes.

Only patch sets that the reference passed count where there is a reference: a
failure on a broken change is the change's. The level is judged by the bound of
the Wilson interval that speaks for the CI, so few results accuse nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cibot.health.intervals import wilson
from cibot.health.observation import Judged, fair, latest_attempts
from cibot.health.policy import SuccessPolicy
from cibot.health.signal import MOST_EVIDENCE, Evidence, Signal, of_result
from cibot.health.words import percent, span
from cibot.model import Result, State

NAME = "success"


def success(policy: SuccessPolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """The share of PASS in PASS and FAIL over the window, and what it means."""
    counted = in_window(policy, fair(latest_attempts(judged)), now)
    passes = sum(one.result is Result.PASS for one in counted)
    n = len(counted)
    low, high = wilson(passes, n)
    verdict = level(policy, passes, n)
    failures = [one for one in counted if one.result is Result.FAIL]
    bad = verdict in (State.DEGRADED, State.FAILING)
    return Signal(
        NAME,
        verdict,
        figure=passes / n if n else None,
        low=low if n else None,
        high=high if n else None,
        n=n,
        threshold=f"degraded when surely below {percent(policy.degraded)},"
        f" failing below {percent(policy.failing)}",
        said=_said(policy, counted, passes, now),
        evidence=tuple(_evidence(failures)),
        clears=verdict is State.HEALTHY and passes >= policy.clears * n,
        since=failures[0].posted_at if bad else None,
    )


def level(policy: SuccessPolicy, passes: int, n: int) -> State:
    """What a pass rate means by itself; unknown below the minimum."""
    if n < policy.minimum:
        return State.UNKNOWN
    high = wilson(passes, n).high
    if high < policy.failing:
        return State.FAILING
    return State.DEGRADED if high < policy.degraded else State.HEALTHY


def in_window(policy: SuccessPolicy, counted: list[Judged], now: datetime) -> list[Judged]:
    """The results of the window; where they are too few, the newest ``minimum`` in reach."""
    recent = [one for one in counted if one.posted_at >= now - policy.window]
    if len(recent) >= policy.minimum:
        return recent
    reachable = [one for one in counted if one.posted_at >= now - policy.reach]
    return reachable[-policy.minimum :]


def _said(policy: SuccessPolicy, counted: list[Judged], passes: int, now: datetime) -> str:
    if not counted:
        return f"no results in {span(policy.reach)}"
    looked = max(policy.window, now - counted[0].posted_at)
    paired = all(one.reference is not None for one in counted)
    said = f"{passes} of {len(counted)} passed in {span(looked)}"
    if paired:
        said += " where the reference passed"
    if len(counted) < policy.minimum:
        said += f"; {policy.minimum} are needed to judge"
    return said


def _evidence(failures: list[Judged]) -> list[Evidence]:
    """The newest failures, newest first."""
    return [
        of_result(one, "failed, the reference passed" if one.reference else "failed")
        for one in reversed(failures[-MOST_EVIDENCE:])
    ]
