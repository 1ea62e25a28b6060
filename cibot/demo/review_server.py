"""A simulated Gerrit over real HTTP on loopback: the demo's, and the tests'.

It answers what cibot asks as Gerrit does (`review_app`), and posts events to
webhook URLs as the webhooks plugin does (`webhook_sender`).
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from cibot.demo.review_app import ReviewApp
from cibot.demo.reviews import Reviews


class ReviewServer:
    """Serves ``reviews`` on 127.0.0.1 until `stop`; also a context manager.

    ``make_app`` makes what answers, ``clock`` is the server's time, ``tries`` how
    often a webhook is posted before its event is lost. ``app.requests`` counts what was asked.
    """

    def __init__(
        self,
        reviews: Reviews | None = None,
        *,
        make_app: Callable[[Reviews], ReviewApp] = ReviewApp,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tries: int = 5,
    ) -> None:
        self.reviews = reviews or Reviews()
        self.app = make_app(self.reviews)
        self._server = make_server(
            "127.0.0.1", 0, self.app, threaded=True, request_handler=_handler(clock)
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.webhooks = WebhookSender(self.url + "/", tries=tries)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="demo review server",
            daemon=True,
        )

    def start(self) -> ReviewServer:
        """Begin to serve, and to post events to the URLs in ``webhooks.urls``."""
        self.reviews.listeners.append(self.webhooks.send)
        self.webhooks.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and end the threads."""
        self.reviews.listeners.remove(self.webhooks.send)
        self.webhooks.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> ReviewServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _handler(clock: Callable[[], datetime]) -> type[WSGIRequestHandler]:
    """A request handler that keeps connections, keeps quiet, and has our time."""

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log(self, *_: Any) -> None:
            """Nothing: the demo's terminal shows the chat."""

        def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
            return format_datetime(clock(), usegmt=True)

    return Handler


log = logging.getLogger(__name__)


class WebhookSender:
    """One thread that posts to every URL in ``urls``, in order.

    The real plugin tries five times, a second apart, and then the event is lost.
    """

    def __init__(self, origin: str, *, tries: int = 5) -> None:
        self.urls: list[str] = []
        self.lost = 0
        self._origin = origin
        self._tries = tries
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo webhooks", daemon=True)

    def start(self) -> None:
        """Begin to post."""
        self._thread.start()

    def send(self, event: dict[str, Any]) -> None:
        """Post this event some time soon."""
        self._events.put(event)

    def flush(self) -> None:
        """Return when every event so far was posted or lost."""
        self._events.join()

    def stop(self) -> None:
        """End the thread; events not posted yet are lost."""
        self._stop.set()
        self._events.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while True:
                event = self._events.get()
                try:
                    if event is None:
                        return
                    for url in list(self.urls):
                        self._post(session, url, json.dumps(event).encode())
                finally:
                    self._events.task_done()

    def _post(self, session: requests.Session, url: str, body: bytes) -> None:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Origin-Url": self._origin,
        }
        for attempt in range(self._tries):
            if self._stop.wait(1.0 if attempt else 0):
                break
            try:
                response = session.post(
                    url, data=body, headers=headers, timeout=5, allow_redirects=False
                )
            except requests.RequestException as error:
                log.debug("a webhook was not accepted: %s", type(error).__name__)
                continue
            if response.ok and response.status_code < 300:
                return
        self.lost += 1
