"""A table of questions becomes the JSON API: a route for each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from pydantic import ValidationError

from cibot.config.models import Config
from cibot.errors import CibotError
from cibot.web.api.encode import plain, written
from cibot.web.api.paging import Page, link_to
from cibot.web.api.problems import BadParameter, bad_parameter, problem_of
from cibot.web.api.question import PREFIX, Endpoint, P, Params
from cibot.web.api.tables import write_csv
from cibot.web.asking import Asking
from cibot.web.reply import reply

_MAX_AGE_S = 10
_JSON, _CSV = "application/json", "text/csv"


def api_blueprint(asking: Asking, endpoints: Sequence[Endpoint[Any]]) -> Blueprint:
    """The questions below ``/api/v1``."""
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    for endpoint in endpoints:
        rule = endpoint.path.replace("<name>", "<path:name>")  # a CI's name may hold a slash
        blueprint.add_url_rule(rule, endpoint.name, _view(asking, endpoint), methods=["GET"])
    blueprint.register_error_handler(CibotError, problem_of)
    blueprint.after_request(_readable_from(_origins(asking.config)))
    return blueprint


def add_document(blueprint: Blueprint, body: Mapping[str, Any]) -> Blueprint:
    """The API with the document that describes it, at the address where it is asked for."""

    def openapi() -> Response:
        here = {**body, "servers": [{"url": request.script_root or "/"}]}
        return reply(written(here), "application/json", max_age=60)

    blueprint.add_url_rule("/openapi.json", "openapi", openapi, methods=["GET"])
    return blueprint


def _view(asking: Asking, endpoint: Endpoint[Any]) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        params = read_params(endpoint.params, path)
        answer = endpoint.put_to(asking, params)
        following = link_to(answer.next) if isinstance(answer, Page) else None
        if endpoint.table and endpoint.has_csv and _wants_csv(params):
            response = reply(write_csv(endpoint.table(answer)), _CSV, max_age=_MAX_AGE_S)
            name = f"attachment; filename=cibot_{endpoint.name}.csv"
            response.headers["Content-Disposition"] = name
        else:
            body = plain(answer)
            if isinstance(answer, Page):
                body["next"] = following
            response = reply(written(body), _JSON, max_age=_MAX_AGE_S)
        if endpoint.has_csv:
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
    """Those configured, and each Gerrit's, whose change page may show what a CI says."""
    gerrits = (urlsplit(str(server.url)) for server in config.gerrit)
    return frozenset(config.web.origins) | {f"{url.scheme}://{url.netloc}" for url in gerrits}
