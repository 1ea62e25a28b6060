"""A running server as a source: the API's questions over HTTP, decoded into typed results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import AnyHttpUrl

from cibot.client.failures import not_ours
from cibot.client.server import Server
from cibot.client.source import PAGE_SIZE
from cibot.config.models import Config, WebConfig
from cibot.errors import UserError
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine
from cibot.reports.silences import Muted
from cibot.web.api.cis import CiDetail
from cibot.web.api.decode import Foreign, typed
from cibot.web.api.encode import plain
from cibot.web.api.paging import Page

T = TypeVar("T")


class Remote:
    """Implements `cibot.client.source.Source` over a `Server`, which it closes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._config = Config(web=WebConfig(public_url=AnyHttpUrl(server.url)))

    def ask(self, kind: type[T], path: str, **asked: object) -> T:
        """As the protocol has it."""
        given = {name: str(plain(one)) for name, one in asked.items() if one is not None}
        there = re.sub(r"<(\w+)>", lambda match: _segment(given.pop(match[1])), path)
        found = self._typed(kind, self._server.get(there, given))
        if isinstance(found, Page):
            return cast("T", replace(found, next=_cursor(found.next)))
        return found

    def silences(self) -> tuple[Muted, ...]:
        """As the protocol has it."""
        body = self._server.get("/silences", {"state": "active", "limit": str(PAGE_SIZE)})
        found = [self._typed(Muted, row) for row in _items(body)]
        return tuple(sorted(found, key=lambda one: (one.until, one.id)))

    def context(self) -> Context:
        """As the protocol has it; the present moment is the server's."""
        return Context(self._server.said_at or datetime.now(UTC), self._config)

    def acknowledge(self, incident_id: int, note: str) -> IncidentLine:
        """As the protocol has it."""
        body = {"note": note} if note else {}
        done = self._server.change("POST", f"/incidents/{incident_id}/acknowledge", body)
        return self._typed(IncidentLine, done)

    def silence(self, target: str, length: timedelta, reason: str) -> Muted:
        """As the protocol has it."""
        wish = {"ci": target, "length_s": int(length.total_seconds()), "reason": reason}
        return self._typed(Muted, self._server.change("POST", "/silences", wish))

    def end_silence(self, silence_id: int) -> Muted:
        """As the protocol has it."""
        return self._typed(Muted, self._server.change("DELETE", f"/silences/{silence_id}"))

    def end_silences_of(self, target: str) -> tuple[str, Sequence[Muted]]:
        """As the protocol has it."""
        name = target if "*" in target else self.ask(CiDetail, "/cis/<name>", name=target).name
        mine = [silence for silence in self.silences() if silence.ci.casefold() == name.casefold()]
        return name, [self.end_silence(silence.id) for silence in mine]

    def close(self) -> None:
        """As the protocol has it."""
        self._server.close()

    def _typed(self, kind: type[T], body: Any) -> T:
        try:
            return typed(kind, body)
        except Foreign as error:
            raise not_ours(self._server.url, error) from error


def _segment(name: str) -> str:
    """A name as one part of a path; one of dots alone would be taken for a way."""
    if not name.strip(". "):
        raise UserError(f"Nothing is called {name!r}.")
    return quote(name, safe="")


def _cursor(link: str | None) -> str | None:
    return parse_qs(urlsplit(link).query)["after"][0] if link else None


def _items(body: Any) -> list[Any]:
    found = body.get("items") if isinstance(body, dict) else None
    return found if isinstance(found, list) else []
