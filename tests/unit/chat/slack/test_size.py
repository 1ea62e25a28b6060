"""Slack at size: thousands of channels, rate limits in the middle, what Slack does not take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cibot.chat.slack.api import SlackApi
from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.errors import SlackRefusal, judged
from cibot.errors import Transient
from cibot.text.card import Card, card
from tests.support.processes import wait_until
from tests.support.slack_fixtures import running, slack_config
from tests.support.slack_server import Fault, SlackServer
from tests.support.slack_workspace import Room

ALERTS = "C0ALERTS0"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


def alert(text: str) -> Card:
    return Card(card(text).lines, incident=7)


def calls(slack: SlackServer, method: str) -> list[dict[str, object]]:
    return [fields for name, fields in slack.calls if name == method]


def test_a_429_in_the_middle_of_six_thousand_channels_is_gone_on_from(slack: SlackServer) -> None:
    for number in range(6000):
        slack.rooms[f"C1{number:07d}"] = Room(f"C1{number:07d}", f"room-{number}")
    api = SlackApi(slack_config(slack), timeout=5)
    slack.fail("conversations.list", Fault(status=429, error="ratelimited", retry_after=30))
    with pytest.raises(Transient, match="id instead of its name") as caught:
        api.room_id("#room-5999")
    assert caught.value.retry_after == 30.0
    assert api.room_id("#room-10") == "C10000010"
    pages = len(calls(slack, "conversations.list"))
    assert pages == 1  # what is found needs no further page
    for _ in range(9):  # Slack asks to wait after every page
        slack.fail("conversations.list", Fault(status=429, error="ratelimited", retry_after=1))
        try:
            assert api.room_id("#room-5999") == "C10005999"
            break
        except Transient:
            continue
    assert api.room_id("#room-5999") == "C10005999"
    cursors = [fields.get("cursor") for fields in calls(slack, "conversations.list")]
    assert len(cursors) == len(set(map(str, cursors))), "no page is read twice"
    assert api.name_of("C10000010") == "room-10"


def test_a_place_in_the_list_that_slack_has_forgotten_is_given_up(slack: SlackServer) -> None:
    for number in range(1500):
        slack.rooms[f"C1{number:07d}"] = Room(f"C1{number:07d}", f"room-{number}")
    api = SlackApi(slack_config(slack), timeout=5)
    assert api.room_id("#room-10") == "C10000010"
    slack.fail("conversations.list", Fault(error="invalid_cursor"))
    assert api.room_id("#room-1400") == "C10001400"


@pytest.mark.parametrize("body", ['{"ok": true}', '{"ok": true, "channels": [null]}'])
def test_a_list_that_is_none_is_asked_for_again(slack: SlackServer, body: str) -> None:
    api = SlackApi(slack_config(slack), timeout=5)
    slack.fail("conversations.list", Fault(body=body))
    with pytest.raises(Transient, match="not Slack's"):
        api.room_id("#ci-alerts")
    slack.fail("conversations.list", Fault(body='{"ok": true, "channels": [{"name": "odd"}]}'))
    with pytest.raises(SlackRefusal):
        api.room_id("#odd")
    assert api.room_id("#ci-alerts") == ALERTS


@pytest.mark.parametrize(
    "fault", [Fault(status=429, error="ratelimited", retry_after=1), Fault(status=500)]
)
def test_an_edit_that_slack_does_not_take_is_done_later(slack: SlackServer, fault: Fault) -> None:
    backend = SlackBackend(slack_config(slack), timeout=5)
    with running(backend):
        backend.send(ALERTS, alert("acme is failing"), key="7:opened")
        slack.fail("chat.update", fault)
        backend.send(ALERTS, alert("acme is healthy"), key="7:resolved")
        wait_until(lambda: "healthy" in str(slack.room(ALERTS)[0]["blocks"]), what="the edit")
    assert len(slack.room(ALERTS)) == 2


def test_an_edit_that_waits_is_not_done_once_another_process_speaks(slack: SlackServer) -> None:
    leading = [True]
    old = SlackBackend(slack_config(slack), timeout=5)
    old.start(lambda _question: None, lambda: leading[0])
    try:
        old.send(ALERTS, alert("acme is failing"), key="7:opened")
        slack.fail("chat.update", Fault(status=429, error="ratelimited", retry_after=1), times=2)
        old.send(ALERTS, alert("acme is failing still"), key="7:reminder")
        wait_until(lambda: not slack._faults["chat.update"], what="the second try")
        leading[0] = False
        new = SlackBackend(slack_config(slack), timeout=5)
        new.send(ALERTS, alert("acme is healthy"), key="7:resolved")
        wait_until(lambda: not old._edits._wanted, what="the end of what waited")
    finally:
        old.stop(5)
    assert "Now: acme is healthy" in str(slack.room(ALERTS)[0]["blocks"])


def test_an_edit_that_a_crash_left_undone_is_done_by_the_next_bot(slack: SlackServer) -> None:
    first = SlackBackend(slack_config(slack), timeout=5)
    first.send(ALERTS, alert("acme is failing"), key="7:opened")
    slack.fail("chat.update", Fault(status=429, error="ratelimited", retry_after=3600))
    first.send(ALERTS, alert("acme is healthy"), key="7:resolved")  # and the bot dies
    assert "healthy" not in str(slack.room(ALERTS)[0]["blocks"])
    second = SlackBackend(slack_config(slack), timeout=5)
    with running(second):
        other = Card(card("bolt is failing").lines, incident=8)
        second.send(ALERTS, other, key="8:opened")
        wait_until(lambda: "healthy" in str(slack.room(ALERTS)[0]["blocks"]), what="the edit")
        edits = len(calls(slack, "chat.update"))
        second.send(ALERTS, Card(card("cord is failing").lines, incident=9), key="9:opened")
        assert len(calls(slack, "chat.update")) == edits


def test_an_incident_in_a_channel_without_threads_is_told_all_the_same(slack: SlackServer) -> None:
    backend = SlackBackend(slack_config(slack), timeout=5)
    backend.send(ALERTS, alert("acme is failing"), key="7:opened")
    refusal = Fault(error="restricted_action_non_threadable_channel")
    slack.fail("chat.postMessage", refusal)
    backend.send(ALERTS, alert("acme is healthy"), key="7:resolved")
    assert [message.get("thread_ts") for message in slack.room(ALERTS)] == [None, None]


@pytest.mark.parametrize(
    ("code", "lost"),
    [("invalid_blocks", "blocks"), ("msg_blocks_too_long", "blocks"),
     ("metadata_too_large", "metadata"), ("invalid_metadata_format", "metadata")],
)  # fmt: skip
def test_what_slack_does_not_take_is_said_in_plain_words(
    slack: SlackServer, code: str, lost: str
) -> None:
    backend = SlackBackend(slack_config(slack), timeout=5)
    slack.fail("chat.postMessage", Fault(error=code))
    backend.send(ALERTS, card("acme is failing"), key="k")
    (said,) = slack.room(ALERTS)
    assert "acme is failing" in said["text"]
    assert not said.get(lost)


def test_slacks_own_explanation_is_repeated() -> None:
    fields = {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {"messages": ["[ERROR] missing required field: channel\x1b[2J"]},
    }
    error = judged("post to C1", 200, {}, fields)
    assert "missing required field: channel" in str(error)
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("token_expired", "token rotation off"),
        ("missing_argument", "team_id"),
        ("team_access_not_granted", "team_id"),
        ("restricted_action_thread_only_channel", "replies only"),
    ],
)
def test_the_remedy_of_each_refusal(code: str, remedy: str) -> None:
    error = judged("post", 200, {}, {"error": code})
    assert isinstance(error, SlackRefusal)
    assert remedy in str(error)


def test_a_token_of_an_organization_names_the_workspace(slack: SlackServer) -> None:
    api = SlackApi(slack_config(slack, team_id="T012AB3CD"), timeout=5)
    api.room_id("#ci-alerts")
    assert calls(slack, "conversations.list")[0]["team_id"] == "T012AB3CD"
