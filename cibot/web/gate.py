"""Authentication: who may read, and which token a request carries.

``Authorization: Bearer TOKEN`` works everywhere. Browsers and feed readers may give the token as
the password of HTTP basic authentication, with any name, but only to read: a browser adds that
password by itself, also to a request that another site's page makes, so it does not prove who wants
to write.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, g, request

from cibot.config.models import Config, TokenConfig
from cibot.web.api.problems import problem
from cibot.web.tokens import Tokens

log = logging.getLogger(__name__)
_STATIC = "pages.static"  # what is the same in every cibot
_REALM = 'realm="cibot"'


class Gate:
    """Lets everybody read, or with ``web.private`` those who have a token."""

    def __init__(self, config: Config) -> None:
        self._private = config.web.private
        self._tokens = Tokens(config.token)

    def keep(self, blueprint: Blueprint) -> Blueprint:
        """Guards every view of a blueprint."""
        blueprint.before_request(self._look)
        blueprint.after_request(self._mark)
        return blueprint

    def admits(self) -> bool:
        """Whether the client may read."""
        return not self._private or self._presented() is not None

    def _look(self) -> Response | None:
        if request.method == "OPTIONS" or request.endpoint == _STATIC:
            return None  # a browser asks for permission without a token
        token = g.token = self._presented()
        if token is not None or (not self._private and _scheme() != "bearer"):
            return None
        log.warning("no entry path=%s from=%s", request.path, request.remote_addr)
        return unknown(wrong=_scheme() in {"bearer", "basic"})

    def _presented(self) -> TokenConfig | None:
        if _scheme() == "bearer":
            return self._tokens.holder(request.headers["Authorization"].partition(" ")[2].strip())
        try:
            given = request.authorization
        except ValueError:  # of werkzeug, where letters beyond ASCII stand for Base64
            return None
        if given is not None and given.type == "basic" and given.password:
            return self._tokens.holder(given.password)
        return None

    def _mark(self, response: Response) -> Response:
        """What only some may read, no cache may show to others."""
        if self._private and request.endpoint != _STATIC:
            response.vary.add("Authorization")
            if response.cache_control.public:
                response.cache_control.public = False
                response.cache_control.private = True
        return response


def writer() -> TokenConfig | None:
    """Whose bearer token came with this request; None without a valid one."""
    token: TokenConfig | None = g.get("token")
    return token if _scheme() == "bearer" else None


def unknown(*, wrong: bool) -> Response:
    """401, with what the client should do; ``wrong`` when it sent a token."""
    said = "That token is not known." if wrong else "A token is needed."
    error = ', error="invalid_token"' if wrong else ""
    if request.blueprint == "api":
        remedy = "Send one that the configuration's [[token]] knows: Authorization: Bearer TOKEN."
        response = problem(401, "Who are you?", f"{said} {remedy}")
        response.headers["WWW-Authenticate"] = f"Bearer {_REALM}{error}"
        return response
    text = f"{said} Log in with any name, and a token of this cibot as the password.\n"
    response = Response(text, 401, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    response.headers["WWW-Authenticate"] = f'Basic {_REALM}, charset="UTF-8"'
    return response


def _scheme() -> str:
    return request.headers.get("Authorization", "").partition(" ")[0].casefold()
