"""The tables of questions and of changes become the JSON API: a route for each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from pydantic import ValidationError

from cibot.actions.recording import record_refusal
from cibot.actions.roles import API, Actor, Refused
from cibot.config.models import Config
from cibot.errors import CibotError
from cibot.web.api.paging import Page, link_to
from cibot.web.api.plain import plain, written
from cibot.web.api.problems import BadParameter, bad_parameter, problem, problem_of
from cibot.web.api.question import PREFIX, B, Endpoint, Nothing, P, Params, Write
from cibot.web.api.tables import write_csv
from cibot.web.asking import Asking
from cibot.web.gate import unknown, writer
from cibot.web.reply import reply

log = logging.getLogger(__name__)
_MAX_AGE_S = 10
_LARGEST = 64 * 1024  # bytes of a body
_JSON, _CSV = "application/json", "text/csv"


def api_blueprint(
    asking: Asking,
    endpoints: Sequence[Endpoint[Any]],
    writes: Sequence[Write[Any, Any]],
    document: Callable[[], Mapping[str, Any]],
) -> Blueprint:
    """The questions and changes below ``/api/v1``, and the document that describes them.

    That is made when somebody asks for it: no start waits for it.
    """
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    for endpoint in endpoints:
        rule = endpoint.path.replace("<name>", "<path:name>")  # a CI's name may hold a slash
        blueprint.add_url_rule(rule, endpoint.name, _view(asking, endpoint), methods=["GET"])
    for write in writes:
        view = _write_view(asking, write)
        blueprint.add_url_rule(write.path, write.name, view, methods=[write.method])
    blueprint.add_url_rule("/openapi.json", "openapi", _openapi(document), methods=["GET"])
    blueprint.register_error_handler(CibotError, problem_of)
    blueprint.after_request(_readable_from(_origins(asking.config)))
    return blueprint


def _openapi(document: Callable[[], Mapping[str, Any]]) -> Callable[[], Response]:
    """The view of the document, which names the address where it is asked for."""

    def openapi() -> Response:
        here = {**document(), "servers": [{"url": request.script_root or "/"}]}
        return reply(written(here), _JSON, max_age=60)

    return openapi


def _view(asking: Asking, endpoint: Endpoint[Any]) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        params = read_params(endpoint.params, path)
        answer = endpoint.put_to(asking, params)
        following = link_to(answer.next) if isinstance(answer, Page) else None
        if endpoint.table and _wants_csv(params):
            response = reply(write_csv(endpoint.table(answer)), _CSV, max_age=_MAX_AGE_S)
            name = f"attachment; filename=cibot_{endpoint.name}.csv"
            response.headers["Content-Disposition"] = name
        else:
            body = plain(answer)
            if isinstance(answer, Page):
                body["next"] = following
            response = reply(written(body), _JSON, max_age=_MAX_AGE_S)
        if endpoint.table:
            response.vary.add("Accept")
        if following:
            response.headers["Link"] = f'<{following}>; rel="next"'
        return response

    return view


def _wants_csv(params: Params) -> bool:
    chosen = getattr(params, "format", None)
    return (chosen or request.accept_mimetypes.best_match([_JSON, _CSV])) in {"csv", _CSV}


def read_params(model: type[P], path: dict[str, str], *, form: bool = False) -> P:
    """The parameters of this request. Raises BadParameter.

    An empty field of a ``form`` says nothing.
    """
    given: dict[str, str] = dict(path)
    for name, values in request.args.lists():
        if name in given or len(values) > 1:
            raise BadParameter(name, "give it once")
        if values[0] or not form:
            given[name] = values[0]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise bad_parameter(error) from error


def _readable_from(origins: Collection[str]) -> Callable[[Response], Response]:
    """Scripts of these sites may read, with a token where one is needed; not write."""

    def mark(response: Response) -> Response:
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin", "").lower()
        if origin not in origins and "*" not in origins:
            return response
        response.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
        response.headers["Access-Control-Expose-Headers"] = "Content-Disposition, ETag, Link"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            response.headers["Access-Control-Allow-Headers"] = (
                "Accept, Authorization, If-None-Match"
            )
            response.headers["Access-Control-Max-Age"] = "86400"
        return response

    return mark


def _origins(config: Config) -> frozenset[str]:
    """The configured origins, and each Gerrit's, whose change page may show a CI's results."""
    gerrits = (urlsplit(str(server.url)) for server in config.gerrit)
    return frozenset(config.web.origins) | {f"{url.scheme}://{url.netloc}" for url in gerrits}


def _write_view(asking: Asking, write: Write[Any, Any]) -> Callable[..., Response]:
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
        return _answered(write, answer)

    return view


def _answered(write: Write[Any, Any], answer: Any) -> Response:
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
