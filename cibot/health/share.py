"""Shares that are bad when they are surely high. What infra and disagreement share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime

from cibot.health.chart import RECOVERED, Run
from cibot.health.intervals import wilson
from cibot.health.observation import Judged
from cibot.health.policy import SharePolicy
from cibot.health.signal import MOST_EVIDENCE, Signal, of_result
from cibot.health.words import percent, span
from cibot.model import State

# A level is looked at with every result, so 95 % would accuse a CI at half of the
# level every few months (0.19 alerts a month at 4 results a day, 0.04 with this).
SURE = 0.99
_LEAST, _MOST = 0.05, 0.95  # no share is taken for surer than this


def share_signal(
    name: str,
    policy: SharePolicy,
    seen: list[Judged],
    is_bad: Callable[[Judged], bool],
    words: str,
) -> Signal:
    """The signal of the bad ones among ``seen``, which are in order; ``words`` say what is bad.

    What came before a surely good run at the end is of another time.
    """
    k, back = sum(map(is_bad, seen)), None
    verdict = verdict_of(policy, k, len(seen))
    if verdict is not State.UNKNOWN and k > policy.clears * len(seen):
        outcomes = [(not is_bad(one), one.posted_at) for one in seen]
        back = back_since(outcomes, 1 - policy.clears)
    if back is not None:
        seen = [one for one in seen if one.posted_at >= back]
        verdict = State.HEALTHY
    bad = [one for one in seen if is_bad(one)]
    n, k = len(seen), len(bad)
    low, high = wilson(k, n)
    return Signal(
        name,
        verdict,
        figure=k / n if n else None,
        low=low if n else None,
        high=high if n else None,
        n=n,
        threshold=f"degraded when surely above {percent(policy.degraded)},"
        f" failing above {percent(policy.failing)}",
        said=_said(policy, k, n, words, back),
        evidence=tuple(of_result(one, words) for one in reversed(bad[-MOST_EVIDENCE:])),
        clears=verdict is State.HEALTHY and (back is not None or k <= policy.clears * n),
        since=bad_since([(not is_bad(one), one.posted_at) for one in seen], 1 - policy.clears)
        if verdict in (State.DEGRADED, State.FAILING)
        else None,
    )


def back_since(outcomes: Sequence[tuple[bool, datetime]], good: float) -> datetime | None:
    """Since when it is well again: the last run weighs 1,000 to 1 for the good rate.

    ``outcomes`` are in order, True where well. ``good``, the share of well ones
    (0..1) in good times, is weighed against the share until the last bad one.
    None where it is not well again.
    """
    until = max((place for place, (well, _at) in enumerate(outcomes, 1) if not well), default=0)
    if not until:
        return None
    bad = sum(well for well, _at in outcomes[:until]) / until
    low, high = max(_LEAST, bad), min(_MOST, good)
    if low >= high:
        return None
    up, down = math.log(high / low), math.log((1 - high) / (1 - low))
    run = Run()
    for well, at in outcomes:
        run.add(up if well else down, well, at.timestamp())
    return run.started_at if run.score >= RECOVERED else None


def bad_since(outcomes: Sequence[tuple[bool, datetime]], good: float) -> datetime | None:
    """Where the share of good times stops to fit what came: when the trouble began.

    Takes what `back_since` takes; None where the good share fits.
    """
    share = sum(well for well, _at in outcomes) / len(outcomes)
    high = min(_MOST, good)
    low = max(_LEAST, min(share, high - _LEAST))
    if low >= high:
        return None
    run = Run()
    for well, at in outcomes:
        gain = math.log(low / high) if well else math.log((1 - low) / (1 - high))
        run.add(gain, well, at.timestamp())
    return run.started_at


def verdict_of(policy: SharePolicy, k: int, n: int) -> State:
    """What ``k`` bad ones of ``n`` mean; unknown below the minimum."""
    if n < policy.minimum:
        return State.UNKNOWN
    low = wilson(k, n, SURE).low
    if low > policy.failing:
        return State.FAILING
    return State.DEGRADED if low > policy.degraded else State.HEALTHY


def _said(policy: SharePolicy, k: int, n: int, words: str, back: datetime | None) -> str:
    said = f"{k} of {n} {words} in {span(policy.window)}" if n else "nothing to judge by"
    if back is not None:
        return f"{said}, since it recovered"
    if n < policy.minimum:
        said += f"; {policy.minimum} are needed to judge"
    return said
