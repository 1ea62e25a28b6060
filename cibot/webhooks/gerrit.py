"""``POST /webhooks/gerrit/<server>/<token>``: events of Gerrit's webhooks plugin.

The plugin sends no secret but the URL, does not follow redirects and tries
five times, a second apart; then the event is lost and the next poll brings
it. So 2xx is said only after the commit, 400 for what no retry can mend, and
503 for what one may.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from cibot.collector.clocks import AHEAD
from cibot.collector.decode import DecodeError, change_from_event
from cibot.collector.sink import Sink
from cibot.errors import CibotError, Transient
from cibot.model import Change
from cibot.webhooks.together import FEED, Together

log = logging.getLogger(__name__)
LARGEST = 1 << 20
_PATIENCE_S = 4.0  # the plugin's socket waits for five


class EventSink(Sink, Protocol):
    """A sink that also counts what could not be read."""

    def rejected(self, feed: str) -> None:
        """Counts an event that could not be read."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A server whose events are taken, under its token.

    Events of projects that ``wants`` refuses are accepted and not stored;
    ``writers`` is as `Together` has it.
    """

    token: str
    sink: EventSink
    wants: Callable[[str], bool] = lambda _project: True
    writers: int = 1


def gerrit_blueprint(hooks: Mapping[str, Hook], clock: Callable[[], datetime]) -> Blueprint:
    """The webhook of each server in ``hooks``, by the server's name."""
    blueprint = Blueprint("gerrit_webhooks", __name__)
    together = {name: Together(hook.sink, clock, hook.writers) for name, hook in hooks.items()}

    @blueprint.post("/webhooks/gerrit/<server>/<token>")
    def receive(server: str, token: str) -> ResponseReturnValue:
        hook = hooks.get(server)
        # An unknown server is compared too: the answer's time tells nothing.
        expected = hook.token if hook else ""
        same = hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode())
        if hook is None or not same:
            return {"error": "no such webhook"}, 404
        if (request.content_length or 0) > LARGEST:
            return _refuse(hook, server, f"the event is larger than {LARGEST} bytes", 413)
        try:
            change = _wanted(hook, _read_json(request.get_data(cache=False)), clock())
        except DecodeError as error:
            return _refuse(hook, server, str(error), 400)
        try:
            together[server].store(change, _PATIENCE_S)
        except Transient as error:
            log.warning("event put off server=%s cause=%s", server, error)
            return {"error": "the event could not be stored; send it again"}, 503
        except CibotError as error:
            return _refuse(hook, server, f"the event cannot be stored: {error}", 400)
        return "", 200  # waitress hangs up after 204, and the next event had to connect again

    return blueprint


def _wanted(hook: Hook, event: object, now: datetime) -> Change | None:
    """What an event says of a change of our projects, if it does. Raises DecodeError."""
    change = change_from_event(event)
    if change is None or not hook.wants(change.project):
        return None
    latest = max(change.updated, change.created, *(one.uploaded_at for one in change.patch_sets))
    if latest > now + AHEAD:
        raise DecodeError(
            f"the event is of {latest:%Y-%m-%d %H:%M:%S} UTC, and here it is"
            f" {now:%Y-%m-%d %H:%M:%S}: one of the two clocks is wrong"
        )
    return change


def _read_json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the body is not JSON: {error}") from error


def _refuse(hook: Hook, server: str, reason: str, status: int) -> ResponseReturnValue:
    log.warning("event rejected server=%s reason=%s", server, reason)
    try:
        hook.sink.rejected(FEED)
    except CibotError as error:
        log.warning("rejected event not counted server=%s cause=%s", server, error)
    return {"error": reason}, status
