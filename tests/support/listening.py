"""An application that listens on a free port of this machine, as `cibot run` serves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from cibot.web.server import WebServer


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Serves until the block ends; its address."""
    server = WebServer(app, "127.0.0.1:0")
    server.start()
    try:
        yield server.url
    finally:
        server.stop(5)
