"""How many missed chances in a row are too many."""

from __future__ import annotations

import math
from functools import lru_cache

from cibot.config.policy import SilencePolicy
from cibot.health.tally import Count

FEWEST = 3  # however reliable a CI is, two missed chances can be one hiccup
_APART = 3 * 3600.0  # seconds between two that are none, of a CI that missed nothing else in weeks
_NEVER_MISSED = 25  # chances, at least, of which it missed none
_MOST = 500
_CHANCES = 100  # chances in the window at which `doubt` is the chance of that many misses
_BESIDE = 0.05  # the chance that what was missed elsewhere is luck
_LENIENT = 5.0  # times that chance, at most, where chances are few


def patience(policy: SilencePolicy, chances: Count) -> int | None:
    """How many missed chances in a row mean silence; None when no number does.

    ``chances`` are those of the weeks before.
    """
    if not chances.n:
        chances = Count(_CHANCES, round(_CHANCES * (1 - policy.assumed)))
    return longest_luck(policy.doubt, chances)


def surely_missed(chances: Count, apart: float) -> bool:
    """Whether two missed chances, ``apart`` seconds, are enough where three in a row are."""
    return chances.n >= _NEVER_MISSED and not chances.bad and apart >= _APART


@lru_cache(4096)
def longest_luck(doubt: float, chances: Count) -> int | None:
    """How many missed chances in a row are no luck any more; None when no number is.

    The chance that the next k are all missed is that of a Beta posterior with a flat prior, so
    that few chances say little. It may be the smaller, the more chances there are to be wrong:
    the same false alarms a month for all.
    """
    doubt *= min(_LENIENT, _CHANCES / chances.n)
    luck = 1.0
    for k in range(_MOST):
        luck *= _next_missed(chances, k)
        if luck <= doubt:
            return max(FEWEST, k + 1)
    return None


def surely_elsewhere(chances: Count, missed: int) -> bool:
    """Whether so many missed chances at other places show that more than one place is missed."""
    return math.prod(_next_missed(chances, k) for k in range(missed)) <= _BESIDE


def _next_missed(chances: Count, k: int) -> float:
    """The chance that one more is missed after ``k`` in a row."""
    return (chances.bad + 1 + k) / (chances.n + 2 + k)
