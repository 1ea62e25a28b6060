"""A CI's last days in numbers, for what alerts show beside their words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cibot.store.engine import Tx
from cibot.store.tally import DAY, Counts, buckets
from cibot.text.card import Trend

DAYS = 28


def trend_of(tx: Tx, ci_id: int, name: str, now: datetime) -> Trend:
    """Passes and failures of the last 28 UTC days, today included; every attempt counts."""
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    counted = {
        bucket.start.date(): bucket.counts for bucket in buckets(tx, [ci_id], DAY, since, now)
    }
    found = (counted.get(first + timedelta(days=place), Counts()) for place in range(DAYS))
    return Trend(name, last, tuple((day.passes, day.fails) for day in found))
