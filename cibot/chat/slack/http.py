"""What Slack posts to us over HTTP, without a web framework: bytes in, `Reply` out.

https://docs.slack.dev/apis/events-api/using-http-request-urls: a reply within
three seconds, or Slack asks again; `X-Slack-Retry-Num` marks the repeats.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from cibot.chat.slack.answers import BUSY, Answerer, Taken
from cibot.chat.slack.events import BadPayload, Incoming, parse_command, parse_event, parse_press
from cibot.chat.slack.signature import Once, Signature

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply; ``body`` is sent as JSON if it is a dict, else as plain text."""

    status: int
    body: str | dict[str, Any] = ""


_FOREIGN = Reply(403, "this request is of another workspace or app\n")
_BUSY = Reply(503, "busy\n")
Payload = Mapping[str, Any]


class SlackHttp:
    """The three request URLs of one app."""

    def __init__(
        self,
        network: str,
        secret: str,
        answerer: Answerer,
        bot_user: Callable[[], str | None],
        *,
        since: float = 0.0,
        ours: Callable[[Mapping[str, Any]], bool] = lambda _payload: True,
    ) -> None:
        """``since`` as in `Signature`; ``ours`` tells our workspace and app from others."""
        self._network = network
        self._signature = Signature(secret, since=since)
        self._ours = ours
        self._once = Once()
        self._answerer = answerer
        self._bot_user = bot_user

    def receive(self, what: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """A slash command, an event or a button (``what`` is the end of the URL).

        The answer to a command or a button follows through its response_url.
        """
        given = {name.lower(): value for name, value in headers.items()}
        timestamp = given.get("x-slack-request-timestamp")
        signature = given.get("x-slack-signature")
        if not self._signature.is_right(body, timestamp, signature):
            return Reply(401, "wrong or old signature; check signing_secret and the clock\n")
        seen = f"{timestamp}:{signature}"
        if not self._once.first(seen):
            # Slack's own repeat within the same second is acknowledged; it is not
            # acted on, so that the header gives nothing to somebody who replays a request.
            if "x-slack-retry-num" in given:
                return Reply(200)
            return Reply(401, "this request was made before\n")
        try:
            reply = self._event(body) if what == "events" else self._form(what, body)
        except BadPayload as error:
            log.warning("slack %s: bad request: %s", self._network, error)
            return Reply(400, f"{error}\n")
        if reply.status >= 500:
            self._once.forget(seen)
        return reply

    def _form(self, what: str, body: bytes) -> Reply:
        form = _fields(body)
        if form.get("ssl_check"):
            return Reply(200)
        if what == "command":
            busy = Reply(200, {"response_type": "ephemeral", "text": BUSY})
            return self._take(form, parse_command, busy)
        payload = _object(form.get("payload", "").encode("utf-8", "replace"))
        return self._take(payload, parse_press, _BUSY)  # Slack shows a warning at the button

    def _event(self, body: bytes) -> Reply:
        payload = _object(body)
        kind = payload.get("type")
        if kind == "url_verification":
            challenge = payload.get("challenge")
            if not isinstance(challenge, str):
                raise BadPayload("challenge: missing, or not text")
            return Reply(200, {"challenge": challenge})
        if kind == "app_rate_limited":
            log.warning("slack %s: Slack holds events back: too many an hour", self._network)
        if kind != "event_callback":
            return Reply(200)
        return self._take(payload, lambda event: parse_event(event, self._bot_user()), _BUSY)

    def _take(
        self, payload: Payload, parse: Callable[[Payload], Incoming | None], busy: Reply
    ) -> Reply:
        if not self._ours(payload):
            return _FOREIGN
        incoming = parse(payload)
        return busy if incoming and self._answerer.take(incoming) is Taken.BUSY else Reply(200)


def _fields(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=100, errors="strict"
        )
    except ValueError as error:
        raise BadPayload(f"the body is not a form in UTF-8: {error}") from error
    return dict(fields)


def _object(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadPayload(f"the body is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise BadPayload("the body is not a JSON object")
    return payload
