"""The JSON API as a table of endpoints; a new question is one line here."""

from __future__ import annotations

from typing import Any

from cibot.web.api import changes, cis, incidents, one, projects, whole
from cibot.web.question import Endpoint

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    *cis.ENDPOINTS,
    *one.ENDPOINTS,
    *changes.ENDPOINTS,
    *incidents.ENDPOINTS,
    *projects.ENDPOINTS,
    *whole.ENDPOINTS,
)
