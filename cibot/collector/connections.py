"""HTTP connections that another thread can end: at a deadline, or when the bot stops.

A timeout of `requests` is one for each piece that is received; a server that drips a
byte a minute keeps the thread for ever, in the header as well as in the body.
"""

from __future__ import annotations

import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_LOOK_S = 0.2
_MOST_OPEN = 4


class Cut:
    """The sockets of one session, and why they were shut down, if they were."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.reason: str | None = None
        weakref.finalize(self, _close, self._sockets)

    def opened(self, link: socket.socket) -> None:
        """Takes note of a new connection.

        A duplicate is kept, since TLS wraps the socket in another one and drops it.
        """
        with self._lock:
            # A session uses one connection at a time: the older ones have ended.
            _close(self._sockets, keep=_MOST_OPEN - 1)
            self._sockets.append(link.dup())

    def close(self) -> None:
        """Forgets the connections, which end by themselves."""
        with self._lock:
            _close(self._sockets)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shuts every connection down when the block takes longer, or the bot stops."""
        self.reason = None
        done, deadline = threading.Event(), time.monotonic() + seconds

        def watch() -> None:
            while not done.wait(_LOOK_S):
                if self._stop.is_set():
                    return self._shut("cibot is stopping")
                if time.monotonic() > deadline:
                    return self._shut(f"the answer did not end within {seconds:g} s")
            return None

        watcher = threading.Thread(target=watch, name="deadline", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _shut(self, reason: str) -> None:
        self.reason = reason
        with self._lock:
            for link in self._sockets:
                with suppress(OSError):  # it may have ended already
                    link.shutdown(socket.SHUT_RDWR)
                link.close()
            self._sockets.clear()


class CutAdapter(HTTPAdapter):
    """Makes the connections of a session known to a `Cut`."""

    def __init__(self, cut: Cut) -> None:
        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _noted(cut, super()._new_conn())

        class Tls(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _noted(cut, super()._new_conn())

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self._pools = {"http": PlainPool, "https": TlsPool}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """As the parent's, with our connections."""
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        """As the parent's, with our connections."""
        manager = super().proxy_manager_for(*arguments, **more)
        manager.pool_classes_by_scheme = self._pools
        return manager


class DirectSession(requests.Session):
    """Follows no redirect, and so does not look where one leads, which may be no address."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None."""


def _close(sockets: list[socket.socket], keep: int = 0) -> None:
    """Closes all but the newest ``keep``."""
    for link in sockets[: max(0, len(sockets) - keep)]:
        link.close()
    del sockets[: max(0, len(sockets) - keep)]


def _noted(cut: Cut, link: socket.socket) -> socket.socket:
    cut.opened(link)
    return link
