"""``[[slack]]``: the settings of one Slack workspace, and facts about Slack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AnyHttpUrl, SecretStr

from cibot.config.network import NetworkConfig, Wrong
from cibot.config.values import BaseUrl, SlackApp, SlashCommand, TeamId

_MEMBER = re.compile(r"[UW][A-Z0-9]{5,30}")
_TOKEN_STARTS = (("bot_token", "xoxb-"), ("app_token", "xapp-"))


class SlackConfig(NetworkConfig):
    """``[[slack]]``: one Slack workspace, over HTTP or Socket Mode."""

    section = "slack"
    backend = "cibot.chat.slack.backend:SlackBackend"
    probe = "cibot.chat.slack.backend:probe"
    hooks = "cibot.webhooks.slack:slack_blueprint"
    account_example = "a Slack member id (U012AB3CD)"
    first_config = """
# [[slack]]
# name = "work"
# bot_token_file = "slack.bot_token"
# app_token_file = "slack.app_token"              # Socket Mode; or signing_secret_file
"""

    bot_token: SecretStr
    signing_secret: SecretStr | None = None
    app_token: SecretStr | None = None
    app_id: SlackApp | None = None
    api_url: BaseUrl = AnyHttpUrl("https://slack.com/api/")
    command: SlashCommand = "/ci"
    charts: bool = True
    team_id: TeamId | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The slash command."""
        return (self.command,)

    @classmethod
    def mistakes(cls, entry: Mapping[str, Any]) -> Iterator[Wrong]:
        """No way for a question to arrive; tokens taken for one another."""
        if "signing_secret" not in entry and "app_token" not in entry:
            yield (
                "",
                (
                    "add `signing_secret` (Slack calls us over HTTP) or `app_token` (Socket Mode); "
                    "without one no question arrives"
                ),
            )
        for key, start in _TOKEN_STARTS:
            token = entry.get(key)
            if isinstance(token, str) and token and not token.startswith(start):
                yield key, f"this token begins with `{start}`; it seems to be another"

    def is_account(self, text: str) -> bool:
        """Whether it has the form of a member's id."""
        return _MEMBER.fullmatch(text) is not None
