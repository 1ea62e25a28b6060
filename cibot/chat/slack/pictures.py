"""Pictures below alerts: drawn and uploaded by a thread of their own, after the alert is out.

A picture is an extra. Nothing waits for it, it is tried once, and where it
fails the log says so. https://docs.slack.dev/messaging/working-with-files
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import requests

from cibot.chat.slack.api import SlackApi, reached
from cibot.chat.slack.errors import SlackRefusal
from cibot.errors import Permanent, Transient
from cibot.text.card import Trend
from cibot.text.cleaning import clean
from cibot.text.graphemes import cut

log = logging.getLogger(__name__)

SCOPE = "files:write"
_WAITING = 8  # pictures; a hundred would help no reader when everything breaks
_TITLE = 80  # characters

Draw = Callable[[Trend], bytes]
_Wanted = tuple[str, str, Trend]


class Pictures:
    """Draws with ``draw`` and uploads into the threads of alerts.

    ``describe`` says in words what a picture shows. The first refusal for want
    of the scope files:write ends it.
    """

    def __init__(
        self, network: str, api: SlackApi, draw: Draw, describe: Callable[[Trend], str]
    ) -> None:
        self._network = network
        self._api = api
        self._draw = draw
        self._describe = describe
        self._wanted: queue.Queue[_Wanted | None] = queue.Queue(_WAITING)
        self._refused = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to draw what is wanted."""
        self._thread = threading.Thread(
            target=self._run, name=f"slack-pictures-{self._network}", daemon=True
        )
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Drops what waits and ends the thread, in ``timeout`` seconds at the most."""
        self._refused.set()
        with suppress(queue.Empty):
            while True:
                self._wanted.get_nowait()
        with suppress(queue.Full):
            self._wanted.put_nowait(None)
        if self._thread:
            self._thread.join(timeout)

    def want(self, channel: str, thread: str, trend: Trend) -> None:
        """Asks for a picture below a message; returns at once."""
        if self._thread is None or self._refused.is_set():
            return
        try:
            self._wanted.put_nowait((channel, thread, trend))
        except queue.Full:
            log.info("slack %s: too many pictures at once, one was dropped", self._network)

    def _run(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            if not self._refused.is_set():
                self._show(*wanted)

    def _show(self, channel: str, thread: str, trend: Trend) -> None:
        try:
            png = self._draw(trend)
        except Exception:  # whatever the drawing library does: the other pictures are drawn
            log.exception("slack %s: a picture could not be drawn", self._network)
            return
        title = cut(clean(trend.ci).strip(), _TITLE)
        try:
            upload(self._api, channel, thread, png, title=title, words=self._describe(trend))
        except (Transient, Permanent) as error:
            log.warning("slack %s: a picture was not shown: %s", self._network, error)
            if isinstance(error, SlackRefusal) and error.code == "missing_scope":
                self._refused.set()


def upload(api: SlackApi, channel: str, thread: str, png: bytes, *, title: str, words: str) -> None:
    """Puts a picture into a thread. Raises as the API does."""
    ask = partial(
        api.client.files_getUploadURLExternal,
        filename="results-a-day.png",
        length=len(png),
        alt_txt=words,
    )
    place = reached("ask where to upload", ask)
    _put(str(place["upload_url"]), png, api.timeout)
    show = partial(
        api.client.files_completeUploadExternal,
        files=[{"id": str(place["file_id"]), "title": title}],
        channel_id=channel,
        thread_ts=thread,
    )
    reached(f"show a picture in {channel}", show)


def _put(url: str, png: bytes, timeout: int) -> None:
    """Hands over the bytes. Slack's own answer named the address; no token goes there."""
    kind = {"Content-Type": "image/png"}
    try:
        answer = requests.post(url, data=png, headers=kind, timeout=timeout, allow_redirects=False)
    except (requests.RequestException, ValueError) as error:
        raise Transient(f"upload a picture: no answer from Slack: {error}") from error
    if answer.status_code != 200:
        raise Transient(f"upload a picture: Slack answers {answer.status_code}")
