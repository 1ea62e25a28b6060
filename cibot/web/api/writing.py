"""How a change comes in: from our own site or a program, by a token, as JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from pydantic import ValidationError

from cibot.actions.recording import record_refusal
from cibot.actions.roles import API, Actor, Refused
from cibot.config.models import Config
from cibot.web.api.encode import plain, written
from cibot.web.api.endpoint import read_params
from cibot.web.api.problems import bad_parameter, problem
from cibot.web.api.question import PREFIX, B, Nothing, Params, Write
from cibot.web.asking import Asking
from cibot.web.gate import unknown, writer

log = logging.getLogger(__name__)
_LARGEST = 64 * 1024  # bytes
_JSON = "application/json"


def add_writes(
    blueprint: Blueprint, asking: Asking, writes: Sequence[Write[Any, Any]]
) -> Blueprint:
    """The API with what may be changed beside what may be asked."""
    for write in writes:
        blueprint.add_url_rule(write.path, write.name, _view(asking, write), methods=[write.method])
    return blueprint


def _view(asking: Asking, write: Write[Any, Any]) -> Callable[..., Response]:
    """The view of a change: every check, then the change and its audit in one transaction."""

    def view(**path: str) -> Response:
        token = writer()
        refusal = _foreign(asking.config) or (unknown(wrong=False) if token is None else None)
        if refusal is not None or token is None:
            return refusal or unknown(wrong=False)
        if write.body is not Nothing and request.mimetype != _JSON:
            return problem(415, "Not JSON", f"Send the body as Content-Type: {_JSON}.")
        params, body = read_params(write.params, path), _body(write.body)
        actor = Actor(API, token.name, token.name, request.remote_addr or "")
        try:
            answer = asking.do(lambda tx, ctx: write.do(tx, ctx, actor, params, body))
        except Refused as error:
            words = _words(params, body)
            record_refusal(asking.store, actor, write.what, words, error, asking.clock())
            raise
        log.info("written what=%s by=%s from=%s", write.what, token.name, actor.where)
        return _told(write, answer)

    return view


def _told(write: Write[Any, Any], answer: Any) -> Response:
    response = Response(written(plain(answer)), write.status, mimetype=_JSON)
    response.headers["Cache-Control"] = "no-store"
    if write.place is not None:
        response.headers["Location"] = request.script_root + PREFIX + write.place(answer)
    return response


def _foreign(config: Config) -> Response | None:
    """403 for what the page of another site makes a browser send; programs send neither header."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = {_origin(request.url_root), _origin(str(config.web.public_url or ""))} - {""}
    if site in {None, "same-origin", "none"} and (origin is None or _origin(origin) in ours):
        return None
    log.warning("cross-site write refused path=%s origin=%r site=%r", request.path, origin, site)
    return problem(403, "From another site", "Pages of other sites may read, and change nothing.")


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if not parts.scheme or not parts.hostname:
        return ""
    port = port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _body(model: type[B]) -> B:
    """The body, which must be exactly what the model says. Raises BadParameter."""
    if model is Nothing:
        return model()
    request.max_content_length = _LARGEST  # beyond it get_data aborts with 413
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        raise bad_parameter(error, "body") from error


def _words(*asked: Params) -> str:
    given = (body.model_dump().values() for body in asked)
    return " ".join(str(value) for values in given for value in values if value is not None)
