"""A local HTTP server that keeps what is posted to it, to see what Gerrit really sends."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.processes import PATIENCE_S, wait_until


@dataclass(frozen=True)
class Posted:
    """One request: its path, headers (names in lower case) and decoded JSON."""

    path: str
    headers: dict[str, str]
    event: dict[str, Any]


class EventReceiver:
    """`with EventReceiver() as receiver: gerrit.set_webhook(receiver.url) …`."""

    def __init__(self, status: Callable[[Posted], int] = lambda _: 204) -> None:
        """`status` decides what each request is answered with."""
        self.posted: list[Posted] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler) -> None:  # noqa: N805
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in handler.headers.items()}
                post = Posted(handler.path, headers, json.loads(body))
                handler.send_response(status(post))
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                self.posted.append(post)

            def log_message(handler, *_: object) -> None:  # noqa: N805
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(
        self, kind: str, *, number: int = 1, timeout_s: float = PATIENCE_S
    ) -> list[Posted]:
        """Waits until `number` events of a type (comment-added …) have come, and returns them."""

        def enough() -> list[Posted] | None:
            these = [post for post in list(self.posted) if post.event.get("type") == kind]
            return these if len(these) >= number else None

        these: list[Posted] = wait_until(enough, timeout_s, f"{number} events {kind}")
        return these
