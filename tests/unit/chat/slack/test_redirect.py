"""The bot token goes to Slack and to nobody whom an answer names."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from cibot.chat.slack.api import SlackApi
from cibot.chat.slack.settings import SlackConfig
from cibot.errors import CibotError


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_does_not_follow_a_redirect(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/api/auth.test").respond_with_data(
        "", status, {"Location": httpserver.url_for("/elsewhere")}
    )
    httpserver.expect_request("/elsewhere").respond_with_json({"ok": True, "user_id": "U1"})
    config = SlackConfig(
        name="work", bot_token=SecretStr("xoxb-hunter2"), api_url=httpserver.url_for("/api/")
    )
    with suppress(CibotError):
        SlackApi(config).identity()
    asked, *elsewhere = [request for request, _ in httpserver.log]
    assert asked.headers["Authorization"] == "Bearer xoxb-hunter2"
    for request in elsewhere:
        assert "Authorization" not in request.headers
        assert b"hunter2" not in request.get_data()
