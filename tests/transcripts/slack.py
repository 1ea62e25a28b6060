"""A person in Slack asks, over HTTP; what was posted is kept."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Flask

from cibot.chat.slack.backend import SlackBackend
from cibot.web.server import WebServer
from cibot.webhooks.slack import slack_blueprint
from tests.support.slack_caller import command_body, event_body, signed
from tests.support.slack_fixtures import generous, slack_config
from tests.support.slack_rules import texts_of
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import SECRET

if TYPE_CHECKING:
    from tests.transcripts.__main__ import Answers

_BOT = "<@U0CIBOT00>"
_WAIT_S = 20.0


def slack_session(asked: Mapping[str, list[str]], answers: Answers) -> dict[str, str]:
    """What was asked and posted for each command, by its name; then a mention, a message."""
    with SlackServer() as slack, _served(slack, answers) as url:
        said = {
            name: "\n".join(_command(slack, url, question) for question in questions)
            for name, questions in asked.items()
        }
        ts = slack.say("C0GENERAL", f"{_BOT} status netapp")
        _post(f"{url}/events", event_body("app_mention", f"{_BOT} status netapp", ts=ts))
        answer = slack.wait_for("C0GENERAL", 2, _WAIT_S)[-1]
        said["A mention"] = f"anna: @cibot status netapp\n{_shown(answer, '[in the thread] ')}"
        slack._direct("U0PERSON0")
        direct = {"channel": "D0PERSON0", "channel_type": "im"}
        _post(f"{url}/events", event_body("message", "status netapp", **direct))
        answer = slack.wait_for("D0PERSON0", 1, _WAIT_S)[-1]
        said["A direct message"] = f"anna: status netapp\n{_shown(answer, '')}"
        return said


@contextmanager
def _served(slack: SlackServer, answers: Answers) -> Iterator[str]:
    backend = SlackBackend(slack_config(slack, name="slack"), timeout=5, limit=generous())
    app = Flask("transcripts")
    app.register_blueprint(slack_blueprint({"slack": backend}))
    web = WebServer(app, "127.0.0.1:0")
    backend.start(answers({"slack": backend}))
    web.start()
    try:
        yield f"{web.url}/webhooks/slack/slack"
    finally:
        web.stop(5)
        backend.stop(5)


def _post(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, body, signed(SECRET, body))
    with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:
        assert answer.status == 200


def _command(slack: SlackServer, url: str, question: str) -> str:
    _post(f"{url}/command", command_body(question, slack.new_response_url()))
    _url, answer = slack.responses.get(timeout=_WAIT_S)
    where = "" if answer["response_type"] == "in_channel" else "[only you] "
    return f"anna: /ci {question}\n{_shown(answer, where)}"


def _shown(message: Mapping[str, Any], where: str) -> str:
    """What a reader sees of the blocks, in lines."""
    lines: list[str] = []
    for block in message.get("blocks") or []:
        for section in block.get("elements", [block]):
            lines += "".join(texts_of(section)).split("\n")
    text = lines or str(message.get("text", "")).split("\n")
    return "\n".join(f"{where}cibot: {line}" for line in text if line.strip())
