"""The Slack app, described so that Slack can create it."""

from __future__ import annotations

from typing import Any

BOT_SCOPES = (
    "app_mentions:read",  # hear "@cibot status"
    "channels:history",  # find a message again after a crash: nothing twice
    "channels:read",  # channels by their names in the configuration
    "chat:write",  # answer, alert, summarize
    "commands",  # the slash command
    "groups:history",  # the same two for private channels
    "groups:read",
    "im:history",  # hear direct messages
    "im:write",  # write to people who watch a CI
)
CHART_SCOPES = ("files:write",)  # pictures below alerts; needed only for these
BOT_EVENTS = ("app_mention", "message.im")


def app_manifest(
    base: str | None, *, name: str, command: str, charts: bool = False
) -> dict[str, Any]:
    """The manifest; ``base`` is the URL before ``/command`` and ``/events``, None for Socket Mode.

    https://docs.slack.dev/reference/app-manifest
    """
    slash = {
        "command": command,
        "description": "Ask how a CI is doing",
        "usage_hint": "status NAME, list, why NAME, help",
        "should_escape": False,
    }
    events: dict[str, Any] = {"bot_events": list(BOT_EVENTS)}
    scopes = sorted((*BOT_SCOPES, *(CHART_SCOPES if charts else ())))
    interactivity: dict[str, Any] = {"is_enabled": True}  # the buttons of alerts
    if base:
        slash["url"] = f"{base}/command"
        events["request_url"] = f"{base}/events"
        interactivity["request_url"] = f"{base}/interactions"
    return {
        "display_information": {
            "name": name,
            "description": "Tells how each third-party CI on Gerrit is doing",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [slash],
        },
        "oauth_config": {"scopes": {"bot": scopes}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": base is None,
            "token_rotation_enabled": False,
        },
    }
