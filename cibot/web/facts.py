"""Facts that change slowly and cost something: asked once for all requests of a while."""

from __future__ import annotations

from datetime import timedelta

from cibot.reports.history import Day, daily, days_before
from cibot.reports.homes import Home, homes
from cibot.store.queries_ci import ci_rows
from cibot.web.asking import Asking

NOWHERE = Home((), None)
MONTH = 30
_HOMES_FOR = timedelta(minutes=5)
_DAYS_FOR = timedelta(minutes=1)


def homes_of(asking: Asking) -> dict[int, Home]:
    """Where each CI is at home, at most five minutes old."""
    return asking.remembered("homes", _HOMES_FOR, homes)


def days_of(asking: Asking) -> dict[int, tuple[Day, ...]]:
    """The last 30 days of each CI, at most one minute old."""
    return asking.remembered(
        "days",
        _DAYS_FOR,
        lambda tx, ctx: daily(tx, [one.id for one in ci_rows(tx)], days_before(ctx.now, MONTH)),
    )
