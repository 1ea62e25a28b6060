"""Errors as RFC 9457 problems: what is wrong, in which parameter, and what to do."""

from __future__ import annotations

import logging
from typing import Any

from flask import Response, json, request
from pydantic import ValidationError

from cibot.actions.roles import Refused
from cibot.errors import CibotError, Conflict, Transient, UserError

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_RETRY_S = 5


class BadParameter(UserError):
    """A parameter that cannot be read; ``parameter`` is its name in the URL."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"{parameter}: {detail}")
        self.parameter = parameter


def bad_parameter(error: ValidationError, whole: str = "query") -> BadParameter:
    """The first mistake that pydantic found, in its words but with our parameter's name.

    ``whole`` is what a mistake is in that is in no parameter.
    """
    first, *others = error.errors(include_url=False, include_input=False, include_context=False)
    name = str(first["loc"][0]) if first["loc"] else whole
    if first["type"] == "extra_forbidden":
        return BadParameter(name, "there is no such parameter here")
    same = [first, *(other for other in others if other["loc"][:1] == first["loc"][:1])]
    said = (mistake["msg"].removeprefix("Value error, ") for mistake in same)
    return BadParameter(name, ", or ".join(words[:1].lower() + words[1:] for words in said))


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A response with an RFC 9457 problem."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        **more,
    }
    response = Response(json.dumps(body), status=status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


_STATUSES = (  # the first that fits
    (Refused, 403, "Not allowed"),
    (Conflict, 409, "Not as things are"),
    (UserError, 404, "Not found"),
)


def problem_of(error: CibotError) -> Response:
    """400 for a parameter, 404 for an unknown object, 503 for a database that is away, …"""
    if isinstance(error, BadParameter):
        return problem(400, "Bad parameter", str(error), parameter=error.parameter)
    for kind, status, title in _STATUSES:
        if isinstance(error, kind):
            return problem(status, title, str(error))
    if isinstance(error, Transient):
        log.warning("request put off path=%s cause=%s", request.path, error)
        response = problem(503, "Not now", "The database does not answer; ask again in a moment.")
        response.headers["Retry-After"] = str(_RETRY_S)
        return response
    log.error("request failed path=%s cause=%s", request.path, error)
    return problem(500, "Failed", "The question could not be answered; the log says why.")
