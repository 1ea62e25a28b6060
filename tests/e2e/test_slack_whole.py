"""The whole bot on Slack: an alert with its picture, buttons pressed, and the end of the story."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
import requests

from tests.chaos.events import JUDGEMENT, Events, ci_tables
from tests.support.processes import PATIENCE_S
from tests.support.slack_caller import press, press_body, signed
from tests.support.slack_rules import texts_of
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import BOT_TOKEN, CHART_SCOPES, SECRET
from tests.support.whole_bot import TOKEN, WholeBot, eventually

pytestmark = pytest.mark.e2e
ALERTS = "C0ALERTS0"
OWNER, STRANGER = "U0OWNER00", "U0STRANGE"


class Story(Events):
    """Breaks a CI, and mends it when the test says so."""

    def __init__(self, bot: WholeBot) -> None:
        super().__init__(bot.webhook("review"), bot.store(), 1, lambda: True)
        self.mend = threading.Event()

    def _wait(self, number: int, state: str) -> None:
        super()._wait(number, state)
        if state == "firing":
            assert self.mend.wait(60)


def whole(directory: Path, slack: SlackServer) -> WholeBot:
    tables = {
        "gerrit": [
            {"name": "review", "url": "http://127.0.0.1:9", "poll": False, "webhook_token": TOKEN}
        ],
        "ci": ci_tables(1),
        "reference": [{"ci": "Zuul"}],
        "slack": [
            {
                "name": "work", "bot_token": BOT_TOKEN, "signing_secret": SECRET,
                "api_url": slack.api_url,
            }
        ],
        "route": [{"channels": ["work/#ci-alerts"]}],
        "person": [{"name": "Olga", "accounts": [f"work:{OWNER}"], "owns": ["third-*"]}],
        **JUDGEMENT,
    }  # fmt: skip
    return WholeBot(directory, f"sqlite:///{directory / 'cibot.db'}", tables)


def test_from_the_alert_to_its_end(tmp_path: Path) -> None:
    with SlackServer() as slack:
        slack.scopes |= CHART_SCOPES
        bot = whole(tmp_path, slack)
        bot.start()
        story = Story(bot)
        story.start()
        try:
            tell(slack, bot, story)
        finally:
            story.mend.set()
            story.join(60)
            bot.stop()
        assert story.refused == []


def tell(slack: SlackServer, bot: WholeBot, story: Story) -> None:
    root, picture = slack.wait_for(ALERTS, 2, 60)
    assert "third-0 is failing" in root["text"]
    # The failures are of the last hours: after midnight of yesterday, too.
    assert re.search(r"; 14 days ·{12}(·▁|▁·|▁▁); .*; see ", root["text"]), root["text"]
    assert picture["thread_ts"] == root["ts"]
    assert slack.files[picture["files"][0]["id"]]["bytes"].startswith(b"\x89PNG")

    def pressed(label: str, who: str) -> str:
        url = slack.new_response_url()
        body = press_body(press(ALERTS, slack.room(ALERTS)[0], label, url, who))
        address = f"{bot.url}/webhooks/slack/work/interactions"
        answer = requests.post(address, data=body, headers=signed(SECRET, body), timeout=3)
        assert (answer.status_code, answer.text) == (200, "")
        answered, said = slack.responses.get(timeout=PATIENCE_S)
        assert (answered, said["response_type"]) == (url, "ephemeral")
        return str(said["text"])

    def now() -> str:
        return texts_of(slack.room(ALERTS)[0]["blocks"])[0]

    assert pressed("Acknowledge", STRANGER).startswith("Only an owner of third-0 or an admin")
    assert "passed" in pressed("Why", STRANGER)
    assert pressed("Acknowledge", OWNER).endswith("acknowledged by Olga")
    eventually(lambda: len(slack.room(ALERTS)) == 3, "the thread's word of it")
    eventually(lambda: "acknowledged by Olga" in now(), "the first message")
    story.mend.set()
    *_, end = slack.wait_for(ALERTS, 4, 60)
    assert end["thread_ts"] == root["ts"]
    assert "third-0 recovered" in end["text"]
    eventually(lambda: now().startswith("Now: ● healthy"), "the first message")
    assert not any(block["type"] == "actions" for block in slack.room(ALERTS)[0]["blocks"])
    audited = bot.command("audit")
    assert "acknowledged #" in audited
    assert "refused" in audited
