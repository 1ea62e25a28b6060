"""A running server as a source: the API's questions over HTTP, decoded into typed results."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import AnyHttpUrl

from cibot.client.server import Server, not_ours
from cibot.config.models import Config, WebConfig
from cibot.errors import UserError
from cibot.reports.context import Context
from cibot.web.api import BY_NAME
from cibot.web.api.paging import Page
from cibot.web.api.plain import Foreign, plain, typed
from cibot.web.api.question import Nothing

T = TypeVar("T")


class Remote:
    """Implements `cibot.client.source.Source` over a `Server`, which it closes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._config = Config(web=WebConfig(public_url=AnyHttpUrl(server.url)))

    def ask(self, kind: type[T], path: str, **asked: object) -> T:
        """As the protocol has it."""
        given = {name: str(plain(value)) for name, value in asked.items() if value is not None}
        answer = self._typed(kind, self._server.get(_filled(path, given), given))
        if isinstance(answer, Page):
            return cast("T", replace(answer, next=_cursor(answer.next)))
        return answer

    def change(self, kind: type[T], name: str, **asked: object) -> T:
        """As the protocol has it."""
        write = BY_NAME[name]
        given = {name: value for name, value in asked.items() if value is not None}
        path = _filled(write.path, given)
        body = None if write.body is Nothing else given
        return self._typed(kind, self._server.change(write.method, path, body))

    def context(self) -> Context:
        """As the protocol has it; the present moment is the server's."""
        return Context(self._server.said_at or datetime.now(UTC), self._config)

    def close(self) -> None:
        """As the protocol has it."""
        self._server.close()

    def _typed(self, kind: type[T], body: Any) -> T:
        try:
            return typed(kind, body)
        except Foreign as error:
            raise not_ours(self._server.url, error) from error


def _filled(path: str, given: dict[str, Any]) -> str:
    """The path with its placeholders filled; what fills them is removed from ``given``."""
    return re.sub(r"<(\w+)>", lambda match: _segment(str(given.pop(match[1]))), path)


def _segment(name: str) -> str:
    """A name as one part of a path; one of dots alone would be taken for a way."""
    if not name.strip(". "):
        raise UserError(f"Nothing is called {name!r}.")
    return quote(name, safe="")


def _cursor(link: str | None) -> str | None:
    return parse_qs(urlsplit(link).query)["after"][0] if link else None
