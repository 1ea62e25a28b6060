"""Requests to the bot as Slack makes them: slash commands and events, signed."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from typing import Any
from urllib.parse import urlencode

_numbers = itertools.count(1)


def signed(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """The two headers that prove a request, as the documentation computes them."""
    timestamp = str(int(time.time() if at is None else at))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def command_fields(text: str, response_url: str, **more: str) -> dict[str, str]:
    return {
        "token": "legacy",
        "team_id": "T0TEAM",
        "team_domain": "ci",
        "channel_id": "C0GENERAL",
        "channel_name": "general",
        "user_id": "U0PERSON0",
        "user_name": "anna",
        "command": "/ci",
        "text": text,
        "api_app_id": "A0APP",
        "response_url": response_url,
        "trigger_id": f"13345224609.738474920.{next(_numbers)}",
        **more,
    }


def command_body(text: str, response_url: str, **more: str) -> bytes:
    return urlencode(command_fields(text, response_url, **more)).encode()


def event(kind: str, text: str, **more: Any) -> dict[str, Any]:
    """An ``event_callback``; ``more`` goes into the inner event."""
    number = next(_numbers)
    inner = {
        "type": kind,
        "user": "U0PERSON0",
        "text": text,
        "ts": f"1700000{number:03d}.000200",
        "channel": "C0GENERAL",
        "event_ts": f"1700000{number:03d}.000200",
        **more,
    }
    return {
        "token": "legacy",
        "team_id": "T0TEAM",
        "api_app_id": "A0APP",
        "event": inner,
        "type": "event_callback",
        "event_id": f"Ev0{number}",
        "event_time": 1_700_000_000 + number,
        "authorizations": [{"team_id": "T0TEAM", "user_id": "U0CIBOT00", "is_bot": True}],
    }


def event_body(kind: str, text: str, **more: Any) -> bytes:
    return json.dumps(event(kind, text, **more)).encode()


def press(
    channel: str, message: dict[str, Any], label: str, response_url: str, user: str = "U0PERSON0"
) -> dict[str, Any]:
    """The ``block_actions`` payload of a button of a message, as Slack makes it.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    number = next(_numbers)
    block, button = next(
        (block, button)
        for block in message["blocks"]
        if block["type"] == "actions"
        for button in block["elements"]
        if button["text"]["text"] == label
    )
    thread = message.get("thread_ts")
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel,
        "is_ephemeral": False,
        **({"thread_ts": thread} if thread else {}),
    }
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "anna", "name": "anna", "team_id": "T0TEAM"},
        "api_app_id": "A0APP",
        "token": "legacy",
        "container": container,
        "trigger_id": f"13345224609.738474920.{number}",
        "team": {"id": "T0TEAM", "domain": "ci"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel, "name": "ci-alerts"},
        "message": {name: value for name, value in message.items() if name != "metadata"},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [button | {"block_id": block["block_id"], "action_ts": f"17000{number}.000001"}],
    }


def press_body(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()
