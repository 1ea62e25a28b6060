"""Where Slack posts: ``/webhooks/slack/<network>/command``, ``…/events``, ``…/interactions``.

Only the transport is here: the body with its limit in, status and body out.
The Slack backend checks the signature and does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, request

from cibot.chat.slack.backend import SlackBackend

BODY_LIMIT = 1 << 20  # bytes


def slack_blueprint(backends: Mapping[str, SlackBackend]) -> Blueprint:
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
