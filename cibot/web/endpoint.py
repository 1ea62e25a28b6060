"""A table of questions becomes the JSON API: a route for each, and the document of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, json, request
from pydantic import ValidationError

from cibot import __version__
from cibot.errors import CibotError
from cibot.web.asking import Asking
from cibot.web.encode import plain
from cibot.web.openapi import document
from cibot.web.paging import Page, link_to
from cibot.web.problems import BadParameter, bad_parameter, problem_of
from cibot.web.question import PREFIX, Endpoint, P
from cibot.web.reply import reply

_MAX_AGE_S = 10


def api_blueprint(asking: Asking, endpoints: Sequence[Endpoint[Any]]) -> Blueprint:
    """The endpoints below ``/api/v1``, for reading from anywhere."""
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    for one in endpoints:
        rule = one.path.replace("<name>", "<path:name>")  # a CI's name may hold a slash
        blueprint.add_url_rule(rule, one.name, _view(asking, one), methods=["GET"])
    blueprint.add_url_rule("/openapi.json", "openapi", _document(endpoints), methods=["GET"])
    blueprint.register_error_handler(CibotError, problem_of)
    blueprint.after_request(_readable_from_anywhere)
    return blueprint


def _document(endpoints: Sequence[Endpoint[Any]]) -> Callable[[], Response]:
    body = _written(document(endpoints, __version__))
    return lambda: reply(body, "application/json", max_age=60)


def _view(asking: Asking, endpoint: Endpoint[Any]) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        params = read_params(endpoint.params, path)
        answer = endpoint.ask(asking, params)
        body = plain(answer)
        following = None
        if isinstance(answer, Page):
            following = link_to(answer.next)
            body["next"] = following
        response = reply(_written(body), "application/json", max_age=_MAX_AGE_S)
        if following:
            response.headers["Link"] = f'<{following}>; rel="next"'
        return response

    return view


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


def _written(body: Any) -> bytes:
    return (json.dumps(body, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _readable_from_anywhere(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag, Link"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "If-None-Match"
        response.headers["Access-Control-Max-Age"] = "86400"
    return response
