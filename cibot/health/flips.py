"""Flips: failures that passed on the same patch set when they were run again. Proven flakes.

Shown only: an honest CI flips about half of its rechecked failures, so that a
fixed level would accuse everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cibot.health.intervals import wilson
from cibot.health.observation import Judged
from cibot.health.policy import FlipsPolicy
from cibot.health.signal import MOST_EVIDENCE, Signal, of_result
from cibot.health.words import span
from cibot.model import Result, State

NAME = "flips"
_COUNTED = frozenset({Result.PASS, Result.FAIL})
_WORDS = "failed, and passed when run again"


def flips(policy: FlipsPolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """How many of all results were failures whose next attempt on the patch set passed."""
    seen = sorted(
        (o for o in judged if o.result in _COUNTED and o.posted_at >= now - policy.window),
        key=lambda one: one.order,
    )
    last: dict[tuple[int, int, str], Judged] = {}
    flipped = []
    for one in seen:
        before = last.get(one.key)
        if before is not None and (before.result, one.result) == (Result.FAIL, Result.PASS):
            flipped.append(before)
        last[one.key] = one
    n, k = len(seen), len(flipped)
    low, high = wilson(k, n)
    return Signal(
        NAME,
        State.HEALTHY if n >= policy.minimum else State.UNKNOWN,
        figure=k / n if n else None,
        low=low if n else None,
        high=high if n else None,
        n=n,
        threshold="shown only: every CI flips now and then",
        said=f"{k} of {n} {_WORDS} in {span(policy.window)}" if n else "nothing to judge by",
        evidence=tuple(of_result(one, _WORDS) for one in reversed(flipped[-MOST_EVIDENCE:])),
        counts=False,
    )
