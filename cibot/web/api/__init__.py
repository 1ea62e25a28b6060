"""The JSON API as tables: a new question is one line in one, a new change in the other."""

from __future__ import annotations

from typing import Any

from cibot.web.api import (
    builds,
    changes,
    cis,
    details,
    general,
    incidents,
    periods,
    projects,
    silences,
)
from cibot.web.api.question import Endpoint
from cibot.web.api.writes import WRITES

__all__ = ["ENDPOINTS", "WRITES"]

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    *cis.ENDPOINTS,
    *builds.ENDPOINTS,
    *details.ENDPOINTS,
    *changes.ENDPOINTS,
    *incidents.ENDPOINTS,
    *silences.ENDPOINTS,
    *projects.ENDPOINTS,
    *periods.ENDPOINTS,
    *general.ENDPOINTS,
)
