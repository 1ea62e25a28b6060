"""The HTTP server: waitress, with threads by path and deadlines, ended in order.

waitress reads and writes in one thread, so a slow client costs a socket and no thread.
What it lacks against strangers is in `lanes` and `connection`.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from flask import Flask
from waitress.server import BaseWSGIServer, create_server
from waitress.trigger import trigger

from cibot.errors import ConfigError
from cibot.web.server.connection import Connection, Deadlines
from cibot.web.server.lanes import Lanes, Task, lanes_of, network_of

_BUFFER = 128 * 1024  # bytes of a request or an answer in memory; the rest goes to a file
_MOST_BUFFERED = 1 << 20  # then the thread that answers waits for the client


class WebServer:
    """Serves the application from threads of its own; port 0 takes a free one.

    ``threads`` take webhooks, ``pages`` answer everything else. ``proxies`` lets the
    application see what so many proxies say of a request; ``prefix`` is the part of the
    path that they leave on it.
    """

    def __init__(
        self,
        app: Flask,
        listen: str,
        threads: int,
        *,
        pages: int = 3,
        proxies: int = 0,
        prefix: str | None = None,
        patience: Deadlines | None = None,
    ) -> None:
        host, _, port = listen.rpartition(":")
        patience = patience or Deadlines()
        self._sockets: dict[int, Any] = {}
        self._lanes = Lanes(lanes_of(threads, pages), prefix or "", _Sender(proxies))
        try:
            self._server: Any = create_server(
                app,
                map=self._sockets,
                _dispatcher=self._lanes,
                host=host.strip("[]"),
                port=int(port),
                ident="cibot",
                max_request_body_size=(1 << 20) + 8192,
                max_request_header_size=32 * 1024,
                inbuf_overflow=_BUFFER,
                outbuf_overflow=_BUFFER,
                outbuf_high_watermark=_MOST_BUFFERED,
                connection_limit=patience.connections + 64,
                asyncore_use_poll=True,  # select takes no descriptor above 1023
                # `cibot.web.proxy` reads them, as far as the configuration says
                clear_untrusted_proxy_headers=not proxies,
            )
        except (OSError, ValueError) as error:
            self._lanes.shutdown(timeout=1)
            self._close()
            # waitress's own word for a name that it does not find
            why = error.strerror if isinstance(error, OSError) else "no such host or port"
            raise ConfigError(
                f"web.listen: {listen} cannot be listened on: {why};"
                " choose another address or end the program that has it"
            ) from error
        for server in self._servers():
            server.channel_class = partial(Connection, patience=patience)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, as a person would type it; the first of several addresses."""
        first = self._servers()[0]
        host = first.effective_host
        return f"http://{f'[{host}]' if ':' in host else host}:{first.effective_port}"

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return sum(isinstance(part, Connection) for part in list(self._sockets.values()))

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends after the requests under way, within twice ``timeout`` seconds."""
        # A request that ends after the close would write to a socket that is gone.
        self._lanes.shutdown(cancel_pending=True, timeout=timeout)
        if self._thread.is_alive():
            # The thread that waits for the sockets closes them: one that another
            # thread closed under it is an error to it.
            bell = next(part for part in self._sockets.values() if isinstance(part, trigger))
            bell.pull_trigger(self._close)
            self._thread.join(timeout)
            for connection in list(self._sockets.values()):  # who does not read its answer
                connection.will_close = True
        else:
            self._close()

    def _servers(self) -> list[Any]:
        """One server for each address that the host name resolves to."""
        return [part for part in self._sockets.values() if isinstance(part, BaseWSGIServer)]

    def _close(self) -> None:
        """Stops listening; a connection ends when its last answer is sent, then the loop ends."""
        for part in list(self._sockets.values()):
            if isinstance(part, Connection):
                part.close_when_flushed = True
            else:
                part.close()


class _Sender:
    """Tells who sent a request: the client, or what ``proxies`` proxies say of it."""

    def __init__(self, proxies: int) -> None:
        self._proxies = proxies

    def __call__(self, task: Task) -> str:
        if self._proxies:
            hops = str(task.requests[0].headers.get("X_FORWARDED_FOR", "")).split(",")
            if len(hops) >= self._proxies and hops[-self._proxies].strip():
                return network_of(hops[-self._proxies].strip())
        return network_of(str(getattr(task, "addr", ("",))[0]))
