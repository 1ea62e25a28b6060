"""``/healthz`` (alive) and ``/readyz`` (ready), for the supervisor of the bot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cibot import __version__
from cibot.chat.protocol import Backend
from cibot.errors import CibotError
from cibot.reports import wording
from cibot.reports.feeds import ServerFeeds, aside_words, undelivered_words
from cibot.reports.feeds import feeds as server_feeds
from cibot.store.set_aside import set_aside
from cibot.web.asking import Asking


@dataclass(frozen=True, slots=True)
class PartState:
    """What one look at a part of the bot found."""

    ok: bool
    detail: str


def probes_blueprint(
    parts: Mapping[str, Callable[[], PartState]],
    admits: Callable[[], bool] = lambda: True,
    died: Callable[[], Collection[str]] = tuple,
) -> Blueprint:
    """The routes of both probes.

    ``/healthz`` answers 503 after one of the threads ``died``: only a restart brings it back.
    ``/readyz`` checks each of ``parts`` and answers 503 when one is not ready. The parts are named
    only to callers for whom ``admits`` is true.
    """
    blueprint = Blueprint("probes", __name__)

    @blueprint.get("/healthz")
    def healthz() -> ResponseReturnValue:
        threads = sorted(died())
        if threads:
            return {"status": f"dead threads: {', '.join(threads)}", "version": __version__}, 503
        return {"status": "alive", "version": __version__}

    @blueprint.get("/readyz")
    def readyz() -> ResponseReturnValue:
        answers = {name: look() for name, look in parts.items()}
        ready = all(probe.ok for probe in answers.values())
        details = {name: {"ok": part.ok, "detail": part.detail} for name, part in answers.items()}
        body = {"ready": ready} | ({"parts": details} if admits() else {})
        return body, 200 if ready else 503

    return blueprint


_NAMED = 20  # of what is set aside


def parts(asking: Asking, backends: Mapping[str, Backend]) -> dict[str, Callable[[], PartState]]:
    """A look at each part; each takes a query or none."""
    store = asking.store

    def guarded(look: Callable[[], PartState]) -> Callable[[], PartState]:
        def looked() -> PartState:
            try:
                return look()
            except CibotError as error:
                return PartState(False, str(error))

        return looked

    @guarded
    def database() -> PartState:
        store.ping()
        return PartState(True, "answers")

    @guarded
    def feeds() -> PartState:
        servers = asking.ask(server_feeds)
        stale = any(server.stale for server in servers)
        return PartState(not stale, ", ".join(map(_heard, servers)) or "no server is configured")

    @guarded
    def aside() -> PartState:
        rows = asking.ask(lambda tx, ctx: set_aside(tx, ctx.now))
        return PartState(True, "; ".join(map(aside_words, rows[:_NAMED])) or "nothing")

    def link(backend: Backend) -> Callable[[], PartState]:
        def look() -> PartState:
            now = backend.link()
            said = now.detail or ("connected" if now.up else "not connected")
            with suppress(CibotError):  # the database has a part of its own
                unsaid = store.read(undelivered_words).get(backend.network)
                said = f"{said}; {unsaid}" if unsaid else said
            return PartState(now.up or now.standby, said)

        return look

    chats = {f"chat {name}": link(backend) for name, backend in sorted(backends.items())}
    return {"database": database, "feeds": feeds, "set aside": aside, **chats}


def _heard(server: ServerFeeds) -> str:
    if server.age is None:
        return f"{server.server} {wording.unheard(server)}"
    return f"{server.server} heard {max(0, round(server.age.total_seconds()))} s ago"
