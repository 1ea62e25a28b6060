"""The JSON API as tables: a new question is one line in one, a new change in the other."""

from __future__ import annotations

from typing import Any

from cibot.web.api import builds, changes, cis, incidents, one, projects, silences, whole
from cibot.web.api.writes import WRITES
from cibot.web.question import Endpoint

__all__ = ["ENDPOINTS", "WRITES"]

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    *cis.ENDPOINTS,
    *builds.ENDPOINTS,
    *one.ENDPOINTS,
    *changes.ENDPOINTS,
    *incidents.ENDPOINTS,
    *silences.ENDPOINTS,
    *projects.ENDPOINTS,
    *whole.ENDPOINTS,
)
