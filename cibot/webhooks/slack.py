"""Where Slack posts: ``/webhooks/slack/<network>/command``, ``…/events``, ``…/interactions``.

Only the transport is here: the body with its limit in, status and body out.
The Slack backend checks the signature and does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from flask import Blueprint, Response, jsonify, request

BODY_LIMIT = 1 << 20  # bytes


class SlackReply(Protocol):
    """What to reply: a dict as JSON, a string as plain text."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> str | dict[str, Any]: ...


class SlackReceiver(Protocol):
    """Takes the raw body and the headers of a request; answers within a second."""

    def receive(self, what: str, body: bytes, headers: Mapping[str, str]) -> SlackReply: ...


class HearsSlack(Protocol):
    """A Slack backend; ``http`` is None where no signing secret is configured."""

    @property
    def http(self) -> SlackReceiver | None: ...


def slack_blueprint(backends: Mapping[str, HearsSlack]) -> Blueprint:
    """The request URLs of each Slack network by its name; others are 404."""
    blueprint = Blueprint("slack", __name__, url_prefix="/webhooks/slack")

    @blueprint.post("/<network>/<any(command,events,interactions):what>")
    def receive(network: str, what: str) -> Response:
        backend = backends.get(network)
        if backend is None or backend.http is None:
            return _text(404, "no such Slack network, or its signing_secret is not configured\n")
        request.max_content_length = BODY_LIMIT  # beyond it get_data aborts with 413
        reply = backend.http.receive(what, request.get_data(), dict(request.headers))
        if isinstance(reply.body, str):
            return _text(reply.status, reply.body)
        response = jsonify(reply.body)
        response.status_code = reply.status
        return response

    return blueprint


def _text(status: int, body: str) -> Response:
    return Response(body, status=status, mimetype="text/plain")
