"""A CI's last days in numbers, for what alerts show beside their words."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from cibot.card import Trend
from cibot.model import Result
from cibot.store.engine import Tx
from cibot.store.queries_ci import daily_counts

DAYS = 28


def trend_of(tx: Tx, ci_id: int, name: str, now: datetime) -> Trend:
    """Passes and failures of the last 28 UTC days, today included; every attempt counts."""
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one in daily_counts(tx, [ci_id], since, now):
        counts[one.day, one.result] += one.number
    dates = [(first + timedelta(days=place)).isoformat() for place in range(DAYS)]
    days = tuple((counts[day, Result.PASS], counts[day, Result.FAIL]) for day in dates)
    return Trend(name, last, days)
