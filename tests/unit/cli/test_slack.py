"""The manifest that a workspace's admin pastes into Slack."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cibot.cli import main
from tests.support.slack_workspace import ALL_SCOPES, CHART_SCOPES


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["slack", "manifest", *args])
    return result.exit_code, result.output


def test_manifest_for_http() -> None:
    code, output = run("--url", "https://cibot.example.org/base/", "--network", "work")
    made = json.loads(output)
    assert code == 0
    (slash,) = made["features"]["slash_commands"]
    assert slash["command"] == "/ci"
    assert slash["url"] == "https://cibot.example.org/base/webhooks/slack/work/command"
    events = made["settings"]["event_subscriptions"]
    assert events["request_url"] == "https://cibot.example.org/base/webhooks/slack/work/events"
    interactivity = made["settings"]["interactivity"]
    address = "https://cibot.example.org/base/webhooks/slack/work/interactions"
    assert interactivity == {"is_enabled": True, "request_url": address}
    assert events["bot_events"] == ["app_mention", "message.im"]
    assert made["settings"]["socket_mode_enabled"] is False
    assert made["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_scopes_are_those_that_the_tests_slack_demands() -> None:
    made = json.loads(run("--socket")[1])
    assert set(made["oauth_config"]["scopes"]["bot"]) == ALL_SCOPES
    charts = json.loads(run("--socket", "--charts")[1])
    assert set(charts["oauth_config"]["scopes"]["bot"]) == ALL_SCOPES | CHART_SCOPES


def test_manifest_for_socket_mode_has_no_url() -> None:
    made = json.loads(run("--socket", "--command", "/gate", "--name", "gatebot")[1])
    assert made["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in made["settings"]["event_subscriptions"]
    assert made["settings"]["interactivity"] == {"is_enabled": True}
    assert "url" not in made["features"]["slash_commands"][0]
    assert made["features"]["bot_user"]["display_name"] == "gatebot"


@pytest.mark.parametrize(
    "args",
    [
        (), ("--socket", "--url", "https://x.example"), ("--url", "http://x.example"),
        ("--url", "https://"), ("--socket", "--command", "ci"), ("--socket", "--name", "x" * 36),
        ("--socket", "--network", "a/b"), ("--url", "https://x.example/?a=b"),
    ],
)  # fmt: skip
def test_mistakes_are_told(args: tuple[str, ...]) -> None:
    code, output = run(*args)
    assert code == 2
    assert "Error:" in output


def test_how_to_names_the_command_as_it_is() -> None:
    page = (Path(__file__).parents[3] / "docs" / "slack.md").read_text()
    assert "cibot slack manifest --url" in page
    for scope in ALL_SCOPES | CHART_SCOPES:
        assert f"`{scope}`" in page
