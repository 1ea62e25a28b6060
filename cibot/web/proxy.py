"""Behind a reverse proxy: the path that people see, and who they are, by configuration only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from cibot.config.models import WebConfig

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _Prefixed:
    """Takes the prefix off the path, which the proxy leaves whole.

    What comes without it, as a supervisor's probe of the port itself, is answered
    as well. A proxy that takes the prefix off says so by X-Forwarded-Prefix: from
    the path alone "/ci/x" under "/ci" could be either.
    """

    def __init__(self, app: WSGIApplication, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(self._prefix + "/"):
            environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
        environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start)


class _Plausible:
    """Takes no prefix, scheme or host that would make our own links lead elsewhere.

    A proxy that does not set a header passes on the client's: ``//evil.example`` as a
    prefix makes every redirect one to another site.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if not _PREFIX.fullmatch(environ.get("SCRIPT_NAME", "")):
            environ["SCRIPT_NAME"] = ""
        if environ.get("wsgi.url_scheme") not in {"http", "https"}:
            environ["wsgi.url_scheme"] = "http"
        if not _HOST.fullmatch(environ.get("HTTP_HOST", "")):
            environ["HTTP_HOST"] = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        return self._app(environ, start)


_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


def behind_proxies(app: Flask, web: WebConfig) -> Flask:
    """Has ``web.prefix`` and ``web.proxies`` count; without them nothing is believed."""
    app.wsgi_app = _Plausible(app.wsgi_app)  # type: ignore[assignment,method-assign]
    if web.prefix:
        app.wsgi_app = _Prefixed(app.wsgi_app, web.prefix)  # type: ignore[assignment,method-assign]
    if web.proxies:
        n = web.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=n, x_proto=n, x_host=n, x_prefix=0 if web.prefix else n
        )
    return app
