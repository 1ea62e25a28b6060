"""The buttons of alerts in Slack: pressed by people, over HTTP or Socket Mode, by right."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cibot.chat.dispatch import Dispatcher
from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.settings import SlackConfig
from cibot.config.models import Config, PersonConfig, RouteConfig
from cibot.incidents.incident import Transition
from cibot.incidents.messages import SILENCE, Subject, alert_card
from cibot.incidents.news import News
from cibot.incidents.stored import read_incident
from cibot.outbox.sender import Sender
from cibot.store.audit import last_audit
from cibot.store.engine import Store
from cibot.store.incidents import incident_by_id
from cibot.store.silences import silences_at
from cibot.text.lengths import read_length
from cibot.webhooks.slack import slack_blueprint
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW
from tests.support.processes import PATIENCE_S
from tests.support.slack_caller import press, press_body, signed
from tests.support.slack_fixtures import running, slack_config
from tests.support.slack_rules import texts_of
from tests.support.slack_server import Fault, SlackServer
from tests.support.slack_workspace import SECRET

pytestmark = pytest.mark.e2e
ALERTS = "C0ALERTS0"
URL = "/webhooks/slack/work/interactions"
OWNER, STRANGER, ADMIN = "U0OWNER00", "U0STRANGE", "U0ADMIN00"


class Desk:
    """A bot in a workspace with one alert, and the people who press its buttons."""

    def __init__(self, store: Store, slack: SlackServer, *, socket: bool = False) -> None:
        canned(store)
        self.store, self.slack, self.socket = store, slack, socket
        config = config_for(slack)
        self.backend = SlackBackend(slack_config(slack, socket=socket), timeout=5)
        self.answer = Dispatcher(store, config, lambda: NOW)
        self.sender = Sender(store, {"work": self.backend}, lambda: NOW)
        app = Flask("test")
        app.register_blueprint(slack_blueprint({"work": self.backend}))
        self.client: FlaskClient = app.test_client()

    def alert(self) -> None:
        stored = self.store.read(lambda tx: incident_by_id(tx, 1))
        assert stored is not None
        incident = read_incident(stored.body, 1)
        opened = Transition("opened", NOW, incident.severity)
        news = News(opened, incident.cause, ())
        card = alert_card(incident, news, Subject("NetApp CI", "https://ci.example.org/x"))
        self.backend.send(ALERTS, card, key="incident:1:1:opened")

    @property
    def root(self) -> dict[str, Any]:
        return self.slack.room(ALERTS)[0]

    def press(self, label: str, who: str, message: dict[str, Any] | None = None) -> str:
        """Presses and returns what only the presser is told."""
        payload = press(ALERTS, message or self.root, label, self.slack.new_response_url(), who)
        self.post(payload)
        url, body = self.slack.responses.get(timeout=PATIENCE_S)
        assert url == payload["response_url"]
        assert body["response_type"] == "ephemeral"
        return str(body["text"])

    def post(self, payload: dict[str, Any]) -> None:
        if self.socket:
            session = self.slack.session()
            session.send({"type": "interactive", "envelope_id": "e1", "payload": payload})
            assert session.acks.get(timeout=PATIENCE_S) == {"envelope_id": "e1"}
            return
        body = press_body(payload)
        answer = self.client.post(URL, data=body, headers=signed(SECRET, body))
        assert (answer.status_code, answer.text) == (200, "")

    def wait_for_now(self, words: str) -> None:
        """Waits until the first message shows that."""
        with self.slack.posted:
            assert self.slack.posted.wait_for(lambda: words in self.now(), 10), self.now()

    def now(self) -> str:
        block = self.root["blocks"][0]
        return block["elements"][0]["text"] if block["type"] == "context" else ""

    def labels(self) -> list[str]:
        return [
            button["text"]["text"]
            for block in self.root["blocks"]
            if block["type"] == "actions"
            for button in block["elements"]
        ]

    def deliver(self) -> None:
        while self.sender.send_one("work"):
            pass


def config_for(slack: SlackServer) -> Config:
    return CONFIG.model_copy(
        update={
            "slack": (SlackConfig(name="work", bot_token="xoxb-x", api_url=slack.api_url),),
            "route": (RouteConfig(channels=("work/C0ALERTS0",)),),
            "person": (
                *CONFIG.person,
                PersonConfig(name="Ada", accounts=(f"work:{ADMIN}",), admin=True),
                PersonConfig(name="Olga", accounts=(f"work:{OWNER}",), owns=("NetApp*",)),
            ),
        }
    )


@contextmanager
def a_desk(store: Store, **how: bool) -> Iterator[Desk]:
    with SlackServer() as slack:
        desk = Desk(store, slack, **how)
        with running(desk.backend, desk.answer):
            desk.alert()
            yield desk


@pytest.fixture
def desk(sqlite_store: Store) -> Iterator[Desk]:
    with a_desk(sqlite_store) as made:
        yield made


def test_an_owner_acknowledges_and_everybody_sees_it(desk: Desk) -> None:
    assert desk.labels() == ["Acknowledge", "Silence 2 h", "Why"]
    said = desk.press("Acknowledge", OWNER)
    assert said == "#1 NetApp CI (success): acknowledged by Olga"
    desk.wait_for_now("acknowledged by Olga")
    desk.deliver()
    root, reply = desk.slack.room(ALERTS)
    assert reply["thread_ts"] == root["ts"]
    assert "NetApp CI: acknowledged by Olga" in reply["text"]
    assert "acknowledged by Olga" in desk.now()
    assert desk.labels() == ["Silence 2 h", "Why"]
    (row,) = desk.store.read(last_audit)
    assert (row.network, row.account, row.room, row.what) == ("work", OWNER, ALERTS, "ack")


def test_an_owner_silences_for_two_hours(desk: Desk) -> None:
    said = desk.press("Silence 2 h", OWNER)
    assert said.startswith("Silence #1: no alerts of NetApp CI until 06:10 UTC (2 h), by Olga")
    desk.wait_for_now("no alerts of NetApp CI until 06:10 UTC")
    assert desk.labels() == ["Acknowledge", "Why"]
    (silence,) = desk.store.read(lambda tx: silences_at(tx, NOW))
    assert (silence.ci, silence.by) == ("NetApp CI", "Olga")
    assert silence.until - silence.since == read_length(SILENCE)


def test_why_is_for_the_one_who_asked(desk: Desk) -> None:
    before = desk.root
    said = desk.press("Why", STRANGER)
    assert "5 of 25 passed" in said
    assert desk.slack.room(ALERTS) == [before]
    assert desk.store.read(last_audit) == []


def test_a_stranger_is_told_how_to_get_the_right(desk: Desk) -> None:
    before = desk.root
    said = desk.press("Acknowledge", STRANGER)
    assert "Only an owner of NetApp CI or an admin may do that" in said
    assert f"Ask Mika or Ada; you are work:{STRANGER}" in said
    assert desk.slack.room(ALERTS) == [before]
    (row,) = desk.store.read(last_audit)
    assert row.outcome.startswith("refused: ")
    assert desk.press("Silence 2 h", STRANGER).startswith("Only an owner")
    assert desk.store.read(lambda tx: silences_at(tx, NOW)) == []


def test_a_double_click_is_one_press(desk: Desk) -> None:
    message = desk.root
    first, second = (
        press(ALERTS, message, "Silence 2 h", desk.slack.new_response_url(), OWNER)
        for _ in range(2)
    )
    desk.post(first)
    desk.post(second)
    desk.wait_for_now("no alerts")
    assert desk.slack.responses.get(timeout=PATIENCE_S)[0] == first["response_url"]
    assert len(desk.store.read(lambda tx: silences_at(tx, NOW))) == 1


def test_a_button_in_the_thread_changes_the_first_message(desk: Desk) -> None:
    desk.alert()
    root, reply = desk.slack.room(ALERTS)
    assert reply["thread_ts"] == root["ts"]
    payload = press(ALERTS, reply, "Silence 2 h", desk.slack.new_response_url(), OWNER)
    desk.post(payload)
    _url, body = desk.slack.responses.get(timeout=PATIENCE_S)
    assert body["thread_ts"] == root["ts"]
    desk.wait_for_now("no alerts")
    assert desk.slack.room(ALERTS)[1] == reply


def test_what_cannot_be_shown_is_done_all_the_same(desk: Desk) -> None:
    desk.slack.fail("chat.update", Fault(status=500))
    assert "acknowledged by Olga" in desk.press("Acknowledge", OWNER)
    desk.deliver()
    assert "acknowledged by Olga" in desk.now()


def test_a_button_of_an_alert_that_is_over_says_so(desk: Desk) -> None:
    message = desk.root
    elsewhere = json.loads(
        json.dumps(message).replace('[\\"ack\\", \\"1\\"]', '[\\"ack\\", \\"2\\"]')
    )
    assert elsewhere != message
    desk.slack.rooms[ALERTS].messages[0] = elsewhere
    said = desk.press("Acknowledge", OWNER, elsewhere)
    assert "may do that" in said  # Pure-Storage's, who is not hers


def test_socket_mode_hears_presses_too(sqlite_store: Store) -> None:
    with a_desk(sqlite_store, socket=True) as desk:
        assert desk.press("Acknowledge", OWNER).endswith("acknowledged by Olga")
        desk.wait_for_now("acknowledged by Olga")


def test_forged_and_odd_presses_do_nothing(desk: Desk) -> None:
    right = press(ALERTS, desk.root, "Acknowledge", desk.slack.new_response_url(), OWNER)
    body = press_body(right)
    for headers in ({}, signed("another secret", body), signed(SECRET, body, at=time.time() - 400)):
        assert desk.client.post(URL, data=body, headers=headers).status_code == 401
    action = right["actions"][0]
    odd = [
        (right | {"type": "view_submission"}, 200),
        (right | {"actions": []}, 200),
        (right | {"actions": [action | {"action_id": "theirs"}]}, 200),
        (right | {"actions": [action | {"value": "ack 1"}]}, 400),
        (right | {"actions": [action | {"value": "[1]"}]}, 400),
        (right | {"actions": ["x"]}, 200),
        (right | {"container": {}}, 400),
        (right | {"user": None}, 400),
        ("[]", 400),
    ]
    for payload, status in odd:
        raw = press_body(payload) if isinstance(payload, dict) else b"payload=" + payload.encode()
        answer = desk.client.post(URL, data=raw, headers=signed(SECRET, raw))
        assert answer.status_code == status, payload
    assert desk.slack.responses.empty()
    assert texts_of(desk.root["blocks"])[-1] == "Why"
