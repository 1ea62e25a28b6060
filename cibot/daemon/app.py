"""The WSGI application: puts the blueprints together and guards what all of them answer."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Flask, Response, json, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

_LARGEST_BODY = (1 << 20) + 4096

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(blueprints: Sequence[Blueprint]) -> Flask:
    """An application that serves the blueprints; creating it opens nothing."""
    app = Flask("cibot", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.after_request(_guard)
    app.register_error_handler(HTTPException, _problem)
    return app


def _guard(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if response.location:
        response.headers["Location"] = _own_path(response.location)
    return response


def _own_path(location: str) -> str:
    """The path without scheme and host, which the client chooses.

    We redirect within the site only; one leading slash, since two would begin a host.
    """
    parts = urlsplit(location)
    return urlunsplit(("", "", "/" + parts.path.lstrip("/\\"), parts.query, parts.fragment))


def _problem(error: HTTPException) -> ResponseReturnValue:
    """RFC 9457 for programs; people read the same few words."""
    if error.response is not None:
        return error.response  # a redirect is no problem
    problem = {
        "type": "about:blank",
        "title": error.name,
        "status": error.code,
        "detail": error.description,
        "instance": request.path if not request.path.startswith("/webhooks/") else None,
    }
    headers = [header for header in error.get_headers() if header[0] != "Content-Type"]
    return Response(
        json.dumps(problem), error.code or 500, headers, mimetype="application/problem+json"
    )
