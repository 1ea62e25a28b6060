"""Slack's requests over HTTP: who may ask, what is answered, and only once."""

import itertools
import json
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cibot.chat.protocol import Question
from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.blocks import render
from cibot.text.card import Button, Card, card
from cibot.webhooks.slack import BODY_LIMIT, slack_blueprint
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.slack_caller import (
    command_body,
    event,
    event_body,
    press,
    press_body,
    signed,
)
from tests.support.slack_fixtures import generous, running, slack_config
from tests.support.slack_server import Fault, SlackServer
from tests.support.slack_workspace import SECRET

_seconds_ago = itertools.count()
COMMAND, EVENTS = "/webhooks/slack/work/command", "/webhooks/slack/work/events"
INTERACTIONS = "/webhooks/slack/work/interactions"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def backend(slack: SlackServer) -> Iterator[SlackBackend]:
    # `post` makes each request differ by the time at which it was signed
    made = SlackBackend(slack_config(slack), timeout=2, limit=generous(), since=0)
    with running(made) as started:
        yield started


@pytest.fixture
def client(backend: SlackBackend) -> FlaskClient:
    return client_of(backend)


def client_of(backend: SlackBackend) -> FlaskClient:
    app = Flask("test")
    app.register_blueprint(slack_blueprint({"work": backend}))
    return app.test_client()


def post(client: FlaskClient, url: str, body: bytes, **headers: str) -> tuple[int, str]:
    at = time.time() - next(_seconds_ago) % 250  # no two tests make the same request
    given_ = signed(SECRET, body, at=at) | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    answer = client.post(url, data=body, headers=given_)
    return answer.status_code, answer.text


def test_command_is_acknowledged_and_answered_by_its_url(
    slack: SlackServer, client: FlaskClient
) -> None:
    url = slack.new_response_url()
    assert post(client, COMMAND, command_body("status netapp", url)) == (200, "")
    answered, body = slack.responses.get(timeout=PATIENCE_S)
    assert answered == url
    assert (body["text"], body["response_type"]) == ("you asked status netapp", "in_channel")


def test_mention_is_answered_in_its_thread(slack: SlackServer, client: FlaskClient) -> None:
    ts = slack.say("C0GENERAL", "<@U0CIBOT00> list")
    count = len(slack.room("C0GENERAL"))
    body = event_body("app_mention", "<@U0CIBOT00> list", ts=ts)
    assert post(client, EVENTS, body) == (200, "")
    answer = slack.wait_for("C0GENERAL", count + 1)[-1]
    assert (answer["text"], answer["thread_ts"]) == ("you asked list", ts)


def test_event_that_comes_again_is_answered_once(slack: SlackServer, client: FlaskClient) -> None:
    message = {"channel": "D0PERSON0", "channel_type": "im"}
    first, other = event("message", "one", **message), event("message", "two", **message)
    slack.rooms.pop("D0PERSON0", None)
    slack._direct("U0PERSON0")
    body = json.dumps(first).encode()
    assert post(client, EVENTS, body)[0] == 200
    for number in ("1", "2", "3"):
        again = json.dumps(first | {"event_time": int(number)}).encode()
        headers = {"X_Slack_Retry_Num": number, "X_Slack_Retry_Reason": "http_timeout"}
        assert post(client, EVENTS, again, **headers)[0] == 200
    assert post(client, EVENTS, json.dumps(other).encode())[0] == 200
    said = [message["text"] for message in slack.wait_for("D0PERSON0", 2)]
    assert sorted(said) == ["you asked one", "you asked two"]


def test_replayed_request_is_refused_and_slacks_own_repeat_is_not(
    slack: SlackServer, client: FlaskClient
) -> None:
    body = command_body("status", slack.new_response_url())
    headers = signed(SECRET, body)
    assert client.post(COMMAND, data=body, headers=headers).status_code == 200
    assert client.post(COMMAND, data=body, headers=headers).status_code == 401
    repeat = headers | {"X-Slack-Retry-Num": "1"}
    assert client.post(COMMAND, data=body, headers=repeat).status_code == 200
    assert slack.responses.get(timeout=PATIENCE_S)
    assert slack.responses.empty()


def test_forged_old_and_unsigned_are_refused(client: FlaskClient) -> None:
    body = event_body("app_mention", "x")
    right = signed(SECRET, body)
    for headers in (
        {}, signed("other secret", body), signed(SECRET, body + b" "),
        signed(SECRET, body, at=time.time() - 301), signed(SECRET, body, at=time.time() + 302),
        right | {"X-Slack-Signature": ""}, right | {"X-Slack-Request-Timestamp": "soon"},
    ):  # fmt: skip
        assert client.post(EVENTS, data=body, headers=headers).status_code == 401


def test_challenge_is_answered(client: FlaskClient) -> None:
    body = json.dumps({"token": "x", "challenge": "3eZbrw1a", "type": "url_verification"}).encode()
    status, text = post(client, EVENTS, body)
    assert (status, json.loads(text)) == (200, {"challenge": "3eZbrw1a"})


def test_ssl_check_is_answered(client: FlaskClient) -> None:
    assert post(client, COMMAND, b"ssl_check=1&token=x") == (200, "")


@pytest.mark.parametrize(
    ("url", "body", "reason"),
    [
        (EVENTS, b"{", "not JSON"), (EVENTS, b"[]", "not a JSON object"),
        (EVENTS, b"[" * 100_000, "not JSON"), (EVENTS, b'{"type":"event_callback"}', "event"),
        (EVENTS, b'{"type":"url_verification"}', "challenge"), (COMMAND, b"text=x", "channel_id"),
        (COMMAND, b"text=%ff", "UTF-8"), (COMMAND, b"a=1&" * 200, "form"),
    ],
)  # fmt: skip
def test_malformed_is_told_why(client: FlaskClient, url: str, body: bytes, reason: str) -> None:
    status, text = post(client, url, body)
    assert status == 400
    assert reason in text


def test_body_over_the_limit_is_refused_unread(client: FlaskClient) -> None:
    assert post(client, EVENTS, b"x" * (BODY_LIMIT + 1))[0] == 413


def test_unknown_network_and_method(client: FlaskClient) -> None:
    assert client.post("/webhooks/slack/other/command").status_code == 404
    assert client.get(COMMAND).status_code == 405


def test_without_secret_nothing_is_heard(slack: SlackServer) -> None:
    deaf = client_of(SlackBackend(slack_config(slack, signing_secret=None)))
    assert deaf.post(COMMAND).status_code == 404


def test_slow_answers_do_not_hold_the_acknowledgement(slack: SlackServer) -> None:
    release = threading.Event()

    def slow(question: Question) -> Card:
        assert release.wait(30)
        return card(question.text)

    with running(
        SlackBackend(slack_config(slack), timeout=2, limit=generous(), since=0), slow
    ) as backend:
        client = client_of(backend)
        url = slack.new_response_url()
        for number in range(64):
            assert post(client, COMMAND, command_body(str(number), url)) == (200, "")
        status, text = post(client, COMMAND, command_body("one too many", url))
        assert (status, json.loads(text)["response_type"]) == (200, "ephemeral")
        busy = event_body("app_mention", "<@U0CIBOT00> x")
        assert post(client, EVENTS, busy)[0] == 503
        release.set()


def test_one_person_asks_so_often_and_is_told_once(slack: SlackServer) -> None:
    with running(SlackBackend(slack_config(slack), timeout=2, since=0)) as backend:
        client = client_of(backend)
        for number in range(9):
            body = command_body(str(number), slack.new_response_url())
            assert post(client, COMMAND, body) == (200, "")
        other = command_body("me too", slack.new_response_url(), user_id="U0PERSON1")
        assert post(client, COMMAND, other) == (200, "")
        said = sorted(str(slack.responses.get(timeout=PATIENCE_S)[1]["text"]) for _ in range(8))
        assert [text for text in said if text.startswith("that is too much")] == [said[0]]
        assert said[1:] == [*(f"you asked {number}" for number in range(6)), "you asked me too"]
        assert slack.responses.empty()


def test_long_and_wrong_answers_are_for_the_asker_only(slack: SlackServer) -> None:
    def answer(question: Question) -> Card | None:
        if question.text == "silence please":
            return None
        return card("no", long=question.text == "long", error=question.text == "error")

    with running(
        SlackBackend(slack_config(slack), timeout=2, limit=generous(), since=0), answer
    ) as backend:
        client = client_of(backend)
        for text in ("silence please", "long", "error"):
            post(client, COMMAND, command_body(text, slack.new_response_url()))
        for _ in range(2):
            assert slack.responses.get(timeout=PATIENCE_S)[1]["response_type"] == "ephemeral"
        assert slack.responses.empty()


def test_answer_is_not_posted_to_somebody_elses_server(
    slack: SlackServer, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for url in ("http://127.0.0.1:1/x", "https://hooks.slack.com.evil.example/x", "file:///etc/x"):
        assert post(client, COMMAND, command_body("x", url))[0] == 200
    assert post(client, COMMAND, command_body("last", slack.new_response_url()))[0] == 200
    slack.responses.get(timeout=PATIENCE_S)
    assert slack.responses.empty()


def test_rate_limited_answer_is_sent_when_slack_says(
    slack: SlackServer, client: FlaskClient
) -> None:
    slack.fail("response", Fault(status=429, error="ratelimited", retry_after=1))
    assert post(client, COMMAND, command_body("patience", slack.new_response_url()))[0] == 200
    assert slack.responses.get(timeout=PATIENCE_S)[1]["text"] == "you asked patience"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.binary(max_size=80) | st.text(max_size=40).map(str.encode),
    st.sampled_from([COMMAND, EVENTS, INTERACTIONS]),
)
def test_no_signed_body_breaks_it(client: FlaskClient, body: bytes, url: str) -> None:
    assert post(client, url, body)[0] in {200, 400, 401}


def test_what_was_signed_before_the_start_is_refused(slack: SlackServer) -> None:
    started = time.time()
    body = command_body("silence netapp 2h", slack.new_response_url())
    with running(SlackBackend(slack_config(slack), limit=generous(), since=started)) as backend:
        client = client_of(backend)
        for at, status in ((started - 5, 401), (started + 2, 200), (started + 2, 401)):
            answer = client.post(COMMAND, data=body, headers=signed(SECRET, body, at=at))
            assert answer.status_code == status


@pytest.mark.parametrize("url", [COMMAND, EVENTS, INTERACTIONS])
def test_requests_of_another_workspace_are_refused(
    slack: SlackServer, backend: SlackBackend, url: str
) -> None:
    why = card("a CI is failing", incident=7, buttons=(Button("Why", ("why", "x")),))
    alert = {"ts": "1700000000.000100", "blocks": render(why).blocks}
    bodies = {
        COMMAND: command_body("list", slack.new_response_url()),
        EVENTS: event_body("app_mention", "<@U0CIBOT00> list"),
        INTERACTIONS: press_body(press("C0GENERAL", alert, "Why", slack.new_response_url())),
    }
    wait_until(lambda: backend.link().up, what="the identity")
    client = client_of(backend)
    foreign = bodies[url].replace(b"T0TEAM", b"T0EVIL")
    assert foreign != bodies[url]
    assert post(client, url, foreign)[0] == 403


def test_requests_of_another_app_are_refused(slack: SlackServer) -> None:
    config = slack_config(slack).model_copy(update={"app_id": "A0OURS000"})
    with running(SlackBackend(config, limit=generous(), since=0)) as backend:
        client = client_of(backend)
        for app, status in (("A0OURS000", 200), ("A0OTHER00", 403)):
            body = command_body("list", slack.new_response_url()) + f"&api_app_id={app}".encode()
            assert post(client, COMMAND, body)[0] == status


@pytest.mark.parametrize("why", ["expired_url", "used_url", "invalid_blocks", "is_archived"])
def test_an_answer_that_its_url_does_not_take_comes_in_private(
    slack: SlackServer, client: FlaskClient, why: str
) -> None:
    slack.fail("response", Fault(status=404, body=why))
    body = command_body("list", slack.new_response_url(), user_id="U0PERSON1")
    assert post(client, COMMAND, body)[0] == 200
    (answer,) = slack.wait_for("D0PERSON1", 1)
    assert answer["text"] == "you asked list"
    assert slack.responses.empty()
