"""The HTTP server: waitress on threads of its own, ended in order."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.trigger import trigger

from cibot.errors import ConfigError


class WebServer:
    """Serves the application from threads of its own; port 0 takes a free one.

    ``proxied`` lets the application see what proxies say of a request.
    """

    def __init__(self, app: Flask, listen: str, threads: int, *, proxied: bool = False) -> None:
        host, _, port = listen.rpartition(":")
        self._sockets: dict[int, Any] = {}
        try:
            self._server: Any = create_server(
                app,
                map=self._sockets,
                host=host.strip("[]"),
                port=int(port),
                threads=threads,
                ident="cibot",
                max_request_body_size=(1 << 20) + 8192,
                # `cibot.web.proxy` reads them, as far as the configuration says
                clear_untrusted_proxy_headers=not proxied,
            )
        except (OSError, ValueError) as error:
            self._close()
            # waitress's own word for a name that it does not find
            why = error.strerror if isinstance(error, OSError) else "no such host or port"
            raise ConfigError(
                f"web.listen: {listen} cannot be listened on: {why};"
                " choose another address or end the program that has it"
            ) from error
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, as a person would type it; the first of several addresses."""
        first = next(it for it in self._sockets.values() if isinstance(it, BaseWSGIServer))
        host = first.effective_host
        return f"http://{f'[{host}]' if ':' in host else host}:{first.effective_port}"

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends after the requests under way, within twice ``timeout`` seconds."""
        # A request that ends after the close would write to a socket that is gone.
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=timeout)
        if self._thread.is_alive():
            # The thread that waits for the sockets closes them: one that another
            # thread closed under it is an error to it.
            bell = next(it for it in self._sockets.values() if isinstance(it, trigger))
            bell.pull_trigger(self._close)
            self._thread.join(timeout)
        else:
            self._close()

    def _close(self) -> None:
        """Listens no more; a connection ends when its last answer is sent, and the loop then."""
        for part in list(self._sockets.values()):
            if isinstance(part, HTTPChannel):
                part.close_when_flushed = True
            else:
                part.close()
