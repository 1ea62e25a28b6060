"""Behind a reverse proxy: the path that people see, and who they are, by configuration only."""

from __future__ import annotations

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


def behind_proxies(app: Flask, web: WebConfig) -> Flask:
    """Has ``web.prefix`` and ``web.proxies`` count; without them nothing is believed."""
    if web.prefix:
        app.wsgi_app = _Prefixed(app.wsgi_app, web.prefix)  # type: ignore[assignment,method-assign]
    if web.proxies:
        n = web.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=n, x_proto=n, x_host=n, x_prefix=0 if web.prefix else n
        )
    return app
