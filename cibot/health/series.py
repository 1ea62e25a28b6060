"""Series: changes of one author that fail after each other, often by one mistake.

Where nobody said whose changes are, those are taken for one author's that were uploaded much
closer to each other than is usual: on recorded servers a fifth to a half are, by one who pushes
several, and fail together.
"""

from __future__ import annotations

from cibot.health.inputs import FirstVerdict, VerdictKind
from cibot.health.state import Stored, state, table

WITHIN = 6 * 3600.0
"""Seconds between two failures of a known author's series."""
_CLOSE = 0.03  # of the usual time between two results, where the author is not known
_CLOSEST = 3600.0  # seconds that are never taken for more than close
_DAY = 86_400.0
_KEPT = 64  # authors
_UNKNOWN = 0  # stands for who is not known: no account has that row


class Series(Stored):
    """The series that last, by author. A pass ends one."""

    STATE = state(_series=table(int, tuple))

    def __init__(self) -> None:
        self._series: dict[int, tuple[int, float]] = {}  # failures, when the last came

    def standing(self, one: FirstVerdict, per_day: float) -> VerdictKind:
        """What the verdict on a change that did not fail before rests on.

        ``per_day`` is how many there are usually.
        """
        failures = self._before(one, per_day)
        if not failures:
            return VerdictKind.FAIR
        if _author(one) == _UNKNOWN:
            return VerdictKind.BURST if failures == 1 else VerdictKind.LONG_BURST
        return VerdictKind.SERIES if failures == 1 else VerdictKind.LONG_SERIES

    def add(self, one: FirstVerdict, per_day: float) -> None:
        """Takes in the verdict."""
        author = _author(one)
        if one.passed:
            self._series.pop(author, None)
            return
        failures = self._before(one, per_day)
        self._series.pop(author, None)
        self._series[author] = (failures + 1, _when(one))
        if len(self._series) > _KEPT:
            del self._series[next(iter(self._series))]

    def _before(self, one: FirstVerdict, per_day: float) -> int:
        author = _author(one)
        if author not in self._series:
            return 0
        failures, last = self._series[author]
        within = WITHIN if author != _UNKNOWN else min(_CLOSEST, _CLOSE * _DAY / per_day)
        return failures if abs(_when(one) - last) <= within else 0


def _author(one: FirstVerdict) -> int:
    owner = one.upload.owner if one.upload is not None else None
    return _UNKNOWN if owner is None else owner


def _when(one: FirstVerdict) -> float:
    """When it was uploaded."""
    return one.proof.at if one.upload is None else one.upload.at
