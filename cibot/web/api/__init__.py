"""The JSON API as a table of endpoints; a new question is one line here."""

from __future__ import annotations

from typing import Any

from cibot.web.api import changes, cis, incidents, whole
from cibot.web.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    *cis.ENDPOINTS,
    *changes.ENDPOINTS,
    *incidents.ENDPOINTS,
    *whole.ENDPOINTS,
)
