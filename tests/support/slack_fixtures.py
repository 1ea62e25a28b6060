"""A backend joined to the tests' Slack, and a way to build more of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from cibot.chat.pace import PersonLimit
from cibot.chat.protocol import Question
from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.settings import SlackConfig
from cibot.text.card import Card, Span, card, line
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import APP_TOKEN, BOT_TOKEN, SECRET


def slack_config(server: SlackServer, *, socket: bool = False, **more: Any) -> SlackConfig:
    fields: dict[str, Any] = {
        "name": "work",
        "bot_token": BOT_TOKEN,
        "signing_secret": SECRET,
        "app_token": APP_TOKEN if socket else None,
        "api_url": server.api_url,
    }
    return SlackConfig(**(fields | more))


def generous() -> PersonLimit:
    """Lets one person ask as often as a test does."""
    return PersonLimit(1000, 1_000_000)


def echo(question: Question) -> Card:
    """Answers with the question, so that tests see what arrived."""
    return card(line("you asked ", Span(question.text, code=True)))


@contextlib.contextmanager
def running(backend: SlackBackend, answer: Any = echo) -> Iterator[SlackBackend]:
    backend.start(answer)
    try:
        yield backend
    finally:
        backend.stop(5)
