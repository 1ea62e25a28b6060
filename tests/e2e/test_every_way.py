"""Every command's example, in every way in which people ask: the same answer from the same code.

A real InspIRCd with services, the tests' Slack over real HTTP, and a terminal's pipe.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from cibot.chat.commands import COMMANDS
from cibot.chat.console import ConsoleBackend
from cibot.chat.dispatch import Dispatcher
from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.protocol import Answer, Question
from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.settings import SlackConfig
from cibot.config.models import Config, PersonConfig
from cibot.store.engine import Store
from cibot.text.card import Card
from cibot.webhooks.slack import slack_blueprint
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW
from tests.support.inspircd import InspIRCd
from tests.support.irc_bot import QUICK
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.slack_caller import command_body, event_body, signed
from tests.support.slack_fixtures import generous, running, slack_config
from tests.support.slack_rules import texts_of
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import SECRET

pytestmark = pytest.mark.e2e
ACCOUNT, PASSWORD = "everywhere", "correct-horse-1"
MIKA = "U0MIKA000"
Ask = Callable[[str], str]


class Listening:
    """The dispatcher, and what it answered last."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.last: Card | None = None
        self.asked: Question | None = None

    def __call__(self, question: Question) -> Card | None:
        self.asked, self.last = question, self._answer(question)
        return self.last


@pytest.fixture(scope="module", autouse=True)
def account(inspircd: InspIRCd) -> None:
    inspircd.register(ACCOUNT, PASSWORD)


@pytest.fixture
def answer(sqlite_store: Store) -> Listening:
    canned(sqlite_store)
    mika = PersonConfig(name="Mika", accounts=(f"irc:{ACCOUNT}", f"work:{MIKA}"), admin=True)
    config: Config = CONFIG.model_copy(
        update={
            "person": (mika,),
            "slack": (SlackConfig(name="work", bot_token="xoxb-x"),),
            "console": True,
        }
    )
    return Listening(Dispatcher(sqlite_store, config, lambda: NOW))


@contextmanager
def irc(inspircd: InspIRCd, answer: Answer, target: str, lead: str) -> Iterator[Ask]:
    config = IrcConfig(
        name="irc", host="127.0.0.1", port=inspircd.port, tls=False, channels=("#every",),
        messages_per_second=1000, burst=1000, nick="cibot",
    )  # fmt: skip
    backend = IrcBackend(config, timing=QUICK, limit=generous())
    backend.start(answer)
    try:
        wait_until(lambda: backend.link().up, what="the bot's login")
        with inspircd.user("mi", sasl=(ACCOUNT, PASSWORD)) as mika:
            mika.join("#every")
            wait_until(lambda: "cibot" in mika.names("#every"), what="the bot in #every")

            def ask(text: str) -> str:
                mika.say(target, f"{lead}{text}")
                heard = mika.hears(nick="cibot", target="mi" if target == "cibot" else target)
                # what is long goes on in private; the PING's answer comes behind it
                more = mika.lines(quiet_s=0.2)
                return " ".join([heard.text, *(line.text for line in more)])

            yield ask
    finally:
        backend.stop(5)


@contextmanager
def irc_channel(inspircd: InspIRCd, answer: Answer) -> Iterator[Ask]:
    with irc(inspircd, answer, "#every", "!ci ") as ask:
        yield ask


@contextmanager
def irc_private(inspircd: InspIRCd, answer: Answer) -> Iterator[Ask]:
    with irc(inspircd, answer, "cibot", "") as ask:
        yield ask


@contextmanager
def slack(answer: Answer) -> Iterator[tuple[SlackServer, Callable[[str, bytes], None]]]:
    with SlackServer() as server:
        backend = SlackBackend(slack_config(server), timeout=5, limit=generous())
        app = Flask("test")
        app.register_blueprint(slack_blueprint({"work": backend}))
        client = app.test_client()

        def post(path: str, body: bytes) -> None:
            headers = signed(SECRET, body)
            done = client.post(f"/webhooks/slack/work/{path}", data=body, headers=headers)
            assert done.status_code == 200

        with running(backend, answer):
            yield server, post


def seen(message: dict[str, object]) -> str:
    return " ".join([str(message["text"]), *texts_of(message.get("blocks", []))])


@contextmanager
def slack_slash(_inspircd: InspIRCd, answer: Answer) -> Iterator[Ask]:
    with slack(answer) as (server, post):

        def ask(text: str) -> str:
            post("command", command_body(text, server.new_response_url(), user_id=MIKA))
            return seen(server.responses.get(timeout=PATIENCE_S)[1])

        yield ask


@contextmanager
def slack_mention(_inspircd: InspIRCd, answer: Answer) -> Iterator[Ask]:
    with slack(answer) as (server, post):

        def ask(text: str) -> str:
            ts = server.say("C0GENERAL", f"<@U0CIBOT00> {text}")
            count = len(server.room("C0GENERAL"))
            post("events", event_body("app_mention", f"<@U0CIBOT00> {text}", ts=ts, user=MIKA))
            said = server.wait_for("C0GENERAL", count + 1)[-1]
            assert said["thread_ts"] == ts
            return seen(said)

        yield ask


@contextmanager
def slack_direct(_inspircd: InspIRCd, answer: Answer) -> Iterator[Ask]:
    with slack(answer) as (server, post):
        room = server._direct(MIKA).id

        def ask(text: str) -> str:
            count = len(server.room(room))
            where = {"channel": room, "channel_type": "im", "user": MIKA}
            post("events", event_body("message", text, **where))
            return seen(server.wait_for(room, count + 1)[-1])

        yield ask


@contextmanager
def terminal(_inspircd: InspIRCd, answer: Answer) -> Iterator[Ask]:
    reading, writing = os.pipe()
    out = io.StringIO()
    with os.fdopen(reading) as typed, os.fdopen(writing, "w", buffering=1) as keyboard:
        backend = ConsoleBackend(out=out, typed=typed, interactive=True)
        answered = threading.Semaphore(0)
        show = backend._print

        def shown(lines: list[str]) -> None:
            show(lines)
            answered.release()

        backend._print = shown  # type: ignore[method-assign]
        backend.start(answer)

        def ask(text: str) -> str:
            start = len(out.getvalue())
            keyboard.write(f"{text}\n")
            assert answered.acquire(timeout=PATIENCE_S)
            return out.getvalue()[start:]

        yield ask
        backend.stop(5)


WAYS = [irc_channel, irc_private, slack_slash, slack_mention, slack_direct, terminal]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_command_by_every_way(
    inspircd: InspIRCd, answer: Listening, way: Callable[..., object]
) -> None:
    with way(inspircd, answer) as ask:  # type: ignore[attr-defined]
        for command in COMMANDS.values():
            arrived = ask(command.example).replace("\u2060", "")
            card = answer.last
            assert card is not None
            assert not card.error, f"{command.example}: {card.text()}"
            assert answer.asked is not None
            assert answer.asked.text == command.example
            for span in card.lines[0]:
                assert span.text.strip() in arrived, f"{command.example}: {span.text!r}"
