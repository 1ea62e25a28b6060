"""The JSON API as tables: a new question is one line in one, a new change in the other."""

from __future__ import annotations

from typing import Any

from cibot.web.api import cis, details, general, incidents
from cibot.web.api.question import Endpoint
from cibot.web.api.writes import WRITES

__all__ = ["BY_NAME", "BY_PATH", "ENDPOINTS", "WRITES"]

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    *cis.ENDPOINTS,
    *details.ENDPOINTS,
    *incidents.ENDPOINTS,
    *general.ENDPOINTS,
)
BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS}
BY_NAME = {write.name: write for write in WRITES}
