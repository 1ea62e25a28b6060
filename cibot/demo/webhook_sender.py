"""Posts events to URLs as Gerrit's webhooks plugin does: later, a few times, then never."""

from __future__ import annotations

import json
import logging
import queue
import threading
from typing import Any

import requests

log = logging.getLogger(__name__)


class WebhookSender:
    """One thread that posts to every URL in ``urls``, in order.

    The real plugin tries five times, a second apart, and then the event is lost.
    """

    def __init__(self, origin: str, *, tries: int = 5, pause: float = 1.0) -> None:
        self.urls: list[str] = []
        self.lost = 0
        self._origin = origin
        self._tries = tries
        self._pause = pause
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
            if self._stop.wait(self._pause if attempt else 0):
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
