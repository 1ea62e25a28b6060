"""slack-sdk's client, with what a bot of several processes and careful people ask of it."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import Any
from urllib.request import Request

from slack_sdk.web import WebClient

from cibot.chat.protocol import Leads, always
from cibot.errors import Transient


class _Body(BytesIO):
    """A request's body that is not sent once another process speaks.

    It is read when the connection stands: where the process is paused before, or Slack takes
    long to connect, nothing is said. What has begun to be sent is sent to its end.
    """

    def __init__(self, content: bytes, leads: Leads) -> None:
        super().__init__(content)
        self._leads = leads

    def read(self, size: int | None = -1) -> bytes:
        if not self.tell() and not self._leads():
            raise Transient("another process sends now", retry_after=1.0)
        return super().read(size)


class SlackClient(WebClient):
    """Never sends its token to where an answer redirects to; posts only while it ``leads``."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.posting = threading.local()

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        token = req.headers.pop("Authorization", None)
        if token is not None:
            req.add_unredirected_header("Authorization", token)
        leads = getattr(self.posting, "leads", always)
        if leads is not always and isinstance(req.data, bytes):
            length = str(len(req.data))
            req.data = _Body(req.data, leads)
            req.add_unredirected_header("Content-length", length)
        return super()._perform_urllib_http_request_internal(url, req)
