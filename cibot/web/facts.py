"""Facts that change slowly and cost something: asked once for all requests of a while."""

from __future__ import annotations

from datetime import timedelta

from cibot.reports.context import Context
from cibot.reports.history import Day, daily, days_before
from cibot.reports.homes import Home, homes
from cibot.reports.latency import LatencyDay, latency_days
from cibot.store.cis import ci_rows
from cibot.store.engine import Tx
from cibot.web.asking import Asking

MONTH = 30
_HOMES_FOR = timedelta(minutes=5)
_DAYS_FOR = timedelta(minutes=1)
_LATENCIES_FOR = timedelta(minutes=5)


def homes_of(asking: Asking) -> dict[int, Home]:
    """Where each CI is at home, at most five minutes old."""
    return asking.remembered("homes", _HOMES_FOR, homes)


def latencies_of(asking: Asking, tx: Tx, ctx: Context, ci_id: int) -> tuple[LatencyDay, ...]:
    """The latencies of a CI's last 30 days, at most five minutes old."""
    return asking.remembered(
        f"latency of {ci_id}",
        _LATENCIES_FOR,
        lambda tx, ctx: latency_days(tx, ci_id, days_before(ctx.now, MONTH)),
        (tx, ctx),
    )


def days_of(asking: Asking) -> dict[int, tuple[Day, ...]]:
    """The last 30 days of each CI, at most one minute old."""
    return asking.remembered(
        "days",
        _DAYS_FOR,
        lambda tx, ctx: daily(tx, [ci.id for ci in ci_rows(tx)], days_before(ctx.now, MONTH)),
    )
