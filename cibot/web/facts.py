"""Facts that change slowly and cost something: asked once for all requests of a while."""

from __future__ import annotations

from datetime import timedelta

from cibot.reports.homes import Home, homes
from cibot.web.asking import Asking

NOWHERE = Home((), None)
_HOMES_FOR = timedelta(minutes=5)


def homes_of(asking: Asking) -> dict[int, Home]:
    """Where each CI is at home, at most five minutes old."""
    return asking.remembered("homes", _HOMES_FOR, homes)
