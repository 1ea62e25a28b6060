"""Hostile requests through the bot's own web application, as Gerrit, Slack and strangers send."""

from __future__ import annotations

import copy
import io
import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cibot.bootstrap import make_source
from cibot.chat.protocol import Question
from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.blocks import render
from cibot.config.models import Config
from cibot.daemon.app import create_app
from cibot.demo.reviews import Reviews
from cibot.store.engine import Store
from cibot.text.card import Button, Card, card
from cibot.webhooks.gerrit import MOUNT, Hook
from cibot.webhooks.slack import slack_blueprint
from tests.fuzz.hostile import broken, mangle, text
from tests.support.hooked import Hooked
from tests.support.slack_caller import command_fields, event, press, press_body, signed
from tests.support.slack_fixtures import generous
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import BOT_TOKEN, SECRET

TOKEN = "a-webhook-token-of-the-tests"
_FAIL = "Build failed (check pipeline).\n\n- unit https://logs.example.org/1 : FAILURE in 58s"
_SLACK = "/webhooks/slack/work/"
_KEPT = 500  # messages in the tests' Slack, until its rooms are emptied


def _answer(question: Question) -> Card:
    return card(question.text, question.asker.nick)


class HttpFuzz:
    """The web application with a store behind it, and someone who wants to break it."""

    def __init__(self, seed: int, store: Store, slack: SlackServer) -> None:
        self._slack = slack
        self._dice = random.Random(seed)
        self.statuses: dict[str, dict[int, int]] = {"gerrit": {}, "slack": {}}
        config = Config.model_validate(
            {
                "gerrit": [
                    {"name": "review", "url": "http://127.0.0.1:9/", "webhook_token": TOKEN}
                ],
                "slack": [
                    {
                        "name": "work", "bot_token": BOT_TOKEN, "signing_secret": SECRET,
                        "api_url": slack.api_url,
                    }
                ],
            }
        )  # fmt: skip
        source = make_source(config, config.gerrit[0], store)
        self._backend = SlackBackend(config.slack[0], timeout=1, limit=generous())
        self._backend.start(_answer)
        hook = Hook(TOKEN, source.ingest)
        self._hooked = Hooked({"review": hook}, lambda: datetime.now(UTC))
        self._app = create_app([slack_blueprint({"work": self._backend})])
        self._events = _events()

    def close(self) -> None:
        """Ends the backend's threads."""
        self._backend.stop(5)

    def gerrit(self) -> None:
        """One event. Raises where the answer is a crash."""
        body = self._body(copy.deepcopy(self._dice.choice(self._events)))
        path = f"{MOUNT}/review/{TOKEN}"
        self._count("gerrit", self._hooked.post(path, body).status_code, path, body, ())

    def slack(self) -> None:
        """One signed request. Raises where the answer is a crash."""
        dice = self._dice
        if len(self._slack.calls) > _KEPT:
            self._slack.calls.clear()
            for room in list(self._slack.rooms.values()):
                room.messages.clear()
                room.replies.clear()
        way = dice.random()
        if way < 0.3:
            url, raw = "interactions", press_body(mangle(dice, self._press(), dice.randrange(5)))
            raw = broken(dice, raw) if dice.random() < 0.2 else raw
        elif way < 0.6:
            fields = command_fields(text(dice), self._slack.new_response_url())
            mangled = mangle(dice, fields, dice.randrange(4))
            body = urlencode({k: str(v).encode("utf-8", "replace") for k, v in mangled.items()})
            url, raw = "command", body.encode()
            raw = broken(dice, raw) if dice.random() < 0.2 else raw
        else:
            url = "events"
            kind = dice.choice(["app_mention", "message", "url_verification"])
            raw = self._body(event(kind, text(dice)))
        headers = signed(SECRET, raw)
        if dice.random() < 0.1:
            headers = mangle(dice, headers, 1)
            headers = {k: _header(str(v)) for k, v in headers.items()}
        # Too many questions at once are told so with 503, for Slack to ask again.
        self._post(_SLACK + url, raw, headers)

    def _press(self) -> dict[str, Any]:
        alert = card("NetApp CI is failing", incident=7, buttons=(Button("Why", ("why", "x")),))
        message = {"ts": "1700000000.000100", "blocks": render(alert).blocks}
        payload = press("C0GENERAL", message, "Why", self._slack.new_response_url())
        payload["actions"][0]["value"] = json.dumps([text(self._dice), text(self._dice)])
        return payload

    def _body(self, whole: object) -> bytes:
        dice = self._dice
        mangled = mangle(dice, whole, dice.randrange(5))
        raw = json.dumps(mangled, ensure_ascii=dice.random() < 0.5).encode("utf-8", "replace")
        return broken(dice, raw) if dice.random() < 0.15 else raw

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        statuses: list[str] = []
        environ = _environ(path, body, headers)
        for _ in self._app(environ, lambda status, *_: statuses.append(status)):  # type: ignore[arg-type,misc]
            pass
        self._count("slack", int(statuses[0][:3]), path, body, (503,))

    def _count(
        self, kind: str, status: int, path: str, body: bytes, allowed: tuple[int, ...]
    ) -> None:
        counts = self.statuses[kind]
        counts[status] = counts.get(status, 0) + 1
        if status >= 500 and status not in allowed:
            raise AssertionError(f"{status} for {path}: {body[:2000]!r}")


def _environ(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """A POST as a WSGI server hands it on; Flask's own test client takes twice the time."""
    return {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }  # fmt: skip


def _header(value: str) -> str:
    return "".join(character for character in value if " " <= character <= "~")


def _events() -> list[dict[str, object]]:
    """What a Gerrit tells in a life: patch sets, reviews, merges."""
    events: list[dict[str, object]] = []
    reviews = Reviews()
    reviews.listeners.append(events.append)
    at = datetime.fromtimestamp(int(time.time()) - 86400, UTC)
    reviews.add_account(1, "Zuul", "zuul", "zuul@example.org", service_user=True)
    for number in range(1, 4):
        reviews.add_change("demo", f"Change {number}", 1, at, number=number)
        at += timedelta(minutes=1)
        reviews.comment(number, 1, _FAIL, at, votes={"Verified": -1})
        reviews.add_patch_set(number, 1, at + timedelta(seconds=1))
    reviews.set_status(1, "MERGED", 1, at + timedelta(minutes=1))
    reviews.set_status(2, "ABANDONED", 1, at + timedelta(minutes=1))
    return events
