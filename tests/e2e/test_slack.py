"""The whole bot's side of Slack over real sockets: HTTP, and Socket Mode."""

import contextlib
import queue
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from cibot.chat.slack.backend import SlackBackend
from cibot.webhooks.slack import slack_blueprint
from tests.support.processes import PATIENCE_S
from tests.support.slack_caller import command_body, command_fields, event, event_body, signed
from tests.support.slack_fixtures import generous, running, slack_config
from tests.support.slack_server import Fault, Quiet, SlackServer
from tests.support.slack_websocket import Session
from tests.support.slack_workspace import SECRET

pytestmark = pytest.mark.e2e
BOT = "<@U0CIBOT00>"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def socket_mode(slack: SlackServer) -> Iterator[SlackBackend]:
    with running(SlackBackend(slack_config(slack, socket=True), timeout=5)) as backend:
        yield backend


@contextlib.contextmanager
def served(backend: SlackBackend) -> Iterator[str]:
    app = Flask("e2e")
    app.register_blueprint(slack_blueprint({"work": backend}))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhooks/slack/work"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def push(session: Session, number: str, kind: str, payload: dict[str, object]) -> None:
    session.send({"envelope_id": number, "type": kind, "payload": payload})


def test_http_from_command_to_answer(slack: SlackServer) -> None:
    asked = SlackBackend(slack_config(slack), timeout=5, limit=generous())
    with running(asked) as backend, served(backend) as url:
        for number in range(20):
            body = command_body(f"status {number}", slack.new_response_url())
            request = urllib.request.Request(f"{url}/command", body, signed(SECRET, body))
            with urllib.request.urlopen(request, timeout=5) as answer:
                assert (answer.status, answer.read()) == (200, b"")
            assert (
                slack.responses.get(timeout=PATIENCE_S)[1]["text"] == f"you asked status {number}"
            )
        ts = slack.say("C0GENERAL", f"{BOT} list")
        body = event_body("app_mention", f"{BOT} list", ts=ts)
        request = urllib.request.Request(f"{url}/events", body, signed(SECRET, body))
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200
        assert slack.wait_for("C0GENERAL", 2)[1]["thread_ts"] == ts


def test_socket_mode_answers_commands_mentions_and_direct_messages(
    slack: SlackServer, socket_mode: SlackBackend
) -> None:
    session = slack.session()
    push(session, "e1", "slash_commands", command_fields("status x", slack.new_response_url()))
    assert session.acks.get(timeout=PATIENCE_S) == {"envelope_id": "e1"}
    assert slack.responses.get(timeout=PATIENCE_S)[1]["text"] == "you asked status x"
    ts = slack.say("C0GENERAL", "…")
    mention = event("app_mention", f"{BOT} list", ts=ts)
    for number in ("e2", "e3"):  # Slack sends again what was not acknowledged in time
        push(session, number, "events_api", mention)
        assert session.acks.get(timeout=PATIENCE_S) == {"envelope_id": number}
    push(session, "e4", "events_api", {"event": "nonsense"})
    assert session.acks.get(timeout=PATIENCE_S) == {"envelope_id": "e4"}
    slack._direct("U0PERSON0")
    direct = event("message", "help", channel="D0PERSON0", channel_type="im")
    push(session, "e5", "events_api", direct)
    assert slack.wait_for("D0PERSON0", 1)[0]["text"] == "you asked help"
    assert len(slack.wait_for("C0GENERAL", 2)) == 2
    assert socket_mode.link().up


def test_socket_mode_survives_refresh_break_and_refusal(
    slack: SlackServer, socket_mode: SlackBackend
) -> None:
    slack.session().send({"type": "disconnect", "reason": "refresh_requested"})
    second = slack.session()
    slack.fail("apps.connections.open", Fault(status=500))
    began = time.monotonic()
    second.drop()
    third = slack.session()
    assert time.monotonic() - began < 10  # slack-sdk alone: 25 s in a busy loop
    push(third, "e1", "slash_commands", command_fields("back", slack.new_response_url()))
    assert third.acks.get(timeout=PATIENCE_S) == {"envelope_id": "e1"}
    assert slack.responses.get(timeout=PATIENCE_S)[1]["text"] == "you asked back"


def test_slacks_own_refresh_is_nothing_to_warn_of(
    slack: SlackServer, socket_mode: SlackBackend, caplog: pytest.LogCaptureFixture
) -> None:
    first = slack.session()
    for reason in ("warning", "refresh_requested"):
        first.send({"type": "disconnect", "reason": reason})
        first = slack.session()
        push(first, reason, "slash_commands", command_fields(reason, slack.new_response_url()))
        assert first.acks.get(timeout=PATIENCE_S) == {"envelope_id": reason}
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
    assert socket_mode.link().up


def test_socket_mode_waits_for_a_slack_that_is_down(slack: SlackServer) -> None:
    slack.fail("apps.connections.open", Fault(error="invalid_auth"))
    with running(SlackBackend(slack_config(slack, socket=True), timeout=5)) as backend:
        slack.session()
        backend.stop(5)
        assert not backend.link().up
    with pytest.raises(queue.Empty):
        slack.session(timeout=0.1)
