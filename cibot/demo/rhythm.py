"""When the demo's people uploaded their patch sets: a working week's rhythm, always the same."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

_WEEK = timedelta(days=7)
# Busy from seven to seven UTC, a little in the evening, hardly anything at night.
_HOURS = (1, 1, 1, 1, 1, 2, 4, 9, 14, 16, 15, 12, 13, 16, 17, 15, 12, 9, 6, 5, 4, 3, 2, 1)
_WEEKEND = 0.12  # of a working day


def busyness(at: datetime) -> float:
    """How likely an upload is in that hour, beside other hours; more than 0."""
    return _HOURS[at.hour] * (_WEEKEND if at.weekday() >= 5 else 1.0)


def week_of_uploads(rng: random.Random, number: int, end: datetime) -> list[datetime]:
    """``number`` moments in the week before ``end``, oldest first, whole seconds."""
    hours = [end - _WEEK + timedelta(hours=hour) for hour in range(7 * 24)]
    chosen = rng.choices(hours, [busyness(hour) for hour in hours], k=number)
    return sorted(hour + timedelta(seconds=rng.randrange(3600)) for hour in chosen)
