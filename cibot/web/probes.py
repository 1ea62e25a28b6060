"""``/healthz`` (alive) and ``/readyz`` (fit to work), for whoever supervises the bot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cibot import __version__


@dataclass(frozen=True, slots=True)
class PartState:
    """What one look at a part of the bot found."""

    ok: bool
    detail: str


def probes_blueprint(
    parts: Mapping[str, Callable[[], PartState]],
    tells: Callable[[], bool] = lambda: True,
    died: Callable[[], Collection[str]] = tuple,
) -> Blueprint:
    """``/healthz`` answers 503 when threads ``died``: only another start brings them back.

    ``/readyz`` looks at each of ``parts`` and answers 503 when one is not well.

    Which one is kept from those whom ``tells`` does not let read.
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
        found = {name: look() for name, look in parts.items()}
        ready = all(probe.ok for probe in found.values())
        details = {name: {"ok": one.ok, "detail": one.detail} for name, one in found.items()}
        body = {"ready": ready} | ({"parts": details} if tells() else {})
        return body, 200 if ready else 503

    return blueprint
