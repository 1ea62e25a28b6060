"""Intervals and bounds for a share that was seen ``k`` times in ``n``. Pure arithmetic."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """Bounds of a share, both in 0..1."""

    low: float
    high: float


@cache
def z_score(confidence: float) -> float:
    """How many standard deviations hold ``confidence`` (0..1, two-sided) of a normal."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)


@lru_cache(maxsize=16384)
def wilson(k: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of ``k`` successes in ``n`` tries; (0, 1) when ``n`` is 0.

    Raises ValueError unless 0 <= k <= n. Source: E. B. Wilson, "Probable
    inference, the law of succession, and statistical inference", 1927.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes in {n} tries cannot be")
    if n == 0:
        return Interval(0.0, 1.0)
    z = z_score(confidence)
    share, square = k / n, z * z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = z * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    # at the ends the exact bound is 0 or 1; rounding may miss it by a hair
    low = 0.0 if k == 0 else max(0.0, middle - half)
    high = 1.0 if k == n else min(1.0, middle + half)
    return Interval(low, high)


def percentile(ordered: list[float], share: float) -> float:
    """The value below which ``share`` (0..1) of the ordered values lie, by nearest rank.

    Raises ValueError for an empty list.
    """
    if not ordered:
        raise ValueError("no values, no percentile")
    return ordered[max(0, min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1))]
