"""Sending to and finding in a Slack that fails in every documented way."""

import time
from collections.abc import Iterator

import pytest

from cibot.chat.slack.backend import SlackBackend
from cibot.errors import Permanent, Transient, Unconfirmed
from cibot.text.card import Card, card
from tests.support.slack_fixtures import slack_config
from tests.support.slack_server import Fault, SlackServer
from tests.support.slack_workspace import Room

HELLO = card("hello")
ALERTS = "C0ALERTS0"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def backend(slack: SlackServer) -> SlackBackend:
    return restarted(slack)


def restarted(slack: SlackServer) -> SlackBackend:
    """A backend that remembers nothing, as after a crash."""
    return SlackBackend(slack_config(slack), timeout=1)


def alert(text: str, incident: int = 7) -> Card:
    return card(text, incident=incident)


def keys(slack: SlackServer, room: str = ALERTS) -> list[str]:
    return [message["metadata"]["event_payload"]["key"] for message in slack.room(room)]


def test_post_carries_its_key_and_is_found_by_it(slack: SlackServer, backend: SlackBackend) -> None:
    remote = backend.send("#ci-alerts", HELLO, key="k1")
    assert (
        restarted(slack).find(ALERTS, "k1") == remote == f"{ALERTS}:{slack.room(ALERTS)[0]['ts']}"
    )
    assert backend.find("ci-alerts", "k2") is None


def test_search_reads_page_after_page(slack: SlackServer, backend: SlackBackend) -> None:
    remote = backend.send(ALERTS, HELLO, key="old")
    for number in range(450):
        slack.say(ALERTS, f"chatter {number}")
    assert restarted(slack).find(ALERTS, "old") == remote
    assert sum(name == "conversations.history" for name, _ in slack.calls) == 3


def test_others_metadata_is_not_ours(slack: SlackServer, backend: SlackBackend) -> None:
    slack.say(ALERTS, "x", metadata={"event_type": "other", "event_payload": {"key": "k1"}})
    assert backend.find(ALERTS, "k1") is None


def test_incident_goes_on_in_its_thread_across_a_restart(slack: SlackServer) -> None:
    restarted(slack).send(ALERTS, alert("NetApp CI is failing"), key="7:opened")
    restarted(slack).send(ALERTS, alert("another one", 8), key="8:opened")
    backend = restarted(slack)
    remote = backend.send(ALERTS, alert("NetApp CI is healthy"), key="7:resolved")
    root, other, reply = slack.room(ALERTS)
    assert reply["thread_ts"] == root["ts"]
    assert "thread_ts" not in other
    assert root["blocks"][0]["elements"][0]["text"] == "Now: NetApp CI is healthy"
    assert root["blocks"][1]["text"]["text"] == "NetApp CI is failing"
    assert root["metadata"]["event_payload"] == {"key": "7:opened", "incident": "7"}
    assert restarted(slack).find(ALERTS, "7:resolved") == remote
    backend.send(ALERTS, alert("NetApp CI is failing again"), key="7:reopened")
    assert [block["type"] for block in slack.room(ALERTS)[0]["blocks"]] == ["context", "header"]


def test_new_incident_costs_one_look_once_the_channel_is_known(
    slack: SlackServer, backend: SlackBackend
) -> None:
    for incident in range(1, 6):
        backend.send(ALERTS, alert("failing", incident), key=f"{incident}:opened")
    assert sum(name == "conversations.history" for name, _ in slack.calls) == 5
    assert slack.calls[-2][1]["oldest"] > "0"


def test_what_got_worse_is_shown_in_the_channel_too(
    slack: SlackServer, backend: SlackBackend
) -> None:
    backend.send(ALERTS, alert("degraded"), key="7:1:opened")
    worse = Card(HELLO.lines, incident=7, escalates=True)
    remote = backend.send(ALERTS, worse, key="7:2:escalated")
    backend.send(ALERTS, alert("healthy"), key="7:3:resolved")
    root, escalated, resolved = slack.room(ALERTS)
    assert escalated["thread_ts"] == resolved["thread_ts"] == root["ts"]
    assert escalated["reply_broadcast"]
    assert "reply_broadcast" not in root
    assert "reply_broadcast" not in resolved
    assert restarted(slack).find(ALERTS, "7:2:escalated") == remote


def test_a_mass_failure_is_one_message_and_its_thread(
    slack: SlackServer, backend: SlackBackend
) -> None:
    """Who was told of before has a message of their own, which shows the end, too."""
    backend.start(lambda _question: None)
    backend.send(ALERTS, alert("A is failing"), key="7:opened")
    backend.send(ALERTS, card("A, B and C broke", thread="mass:1"), key="mass:1:opened")
    backend.send(ALERTS, card("by now also: D", thread="mass:1"), key="mass:1:joined")
    over = card("all recovered", thread="mass:1", shown_on=(7, 8))
    remote = restarted(slack).send(ALERTS, over, key="mass:1:resolved")
    backend.send(ALERTS, over, key="again")
    own, root, joined, over_, _again = slack.room(ALERTS)
    assert joined["thread_ts"] == over_["thread_ts"] == root["ts"]
    assert "reply_broadcast" not in joined
    assert root["blocks"][0]["elements"][0]["text"] == "Now: all recovered"
    for _ in range(100):
        if "Now: all" in str(slack.room(ALERTS)[0]["blocks"]):
            break
        time.sleep(0.05)
    assert slack.room(ALERTS)[0]["blocks"][0]["elements"][0]["text"] == "Now: all recovered"
    assert "thread_ts" not in own
    assert restarted(slack).find(ALERTS, "mass:1:resolved") == remote
    backend.stop(1)


def test_deleted_thread_starts_anew(slack: SlackServer, backend: SlackBackend) -> None:
    backend.send(ALERTS, alert("failing"), key="7:opened")
    slack.rooms[ALERTS].messages.clear()
    backend.send(ALERTS, alert("healthy"), key="7:resolved")
    (only,) = slack.room(ALERTS)
    assert "thread_ts" not in only


def test_first_message_that_cannot_be_edited_fails_nothing(
    slack: SlackServer, backend: SlackBackend
) -> None:
    backend.send(ALERTS, alert("failing"), key="7:opened")
    slack.fail("chat.update", Fault(status=500))
    backend.send(ALERTS, alert("healthy"), key="7:resolved")
    assert keys(slack) == ["7:opened", "7:resolved"]


def test_without_history_scope_alerts_still_go_out(
    slack: SlackServer, backend: SlackBackend
) -> None:
    slack.scopes.discard("channels:history")
    backend.send(ALERTS, alert("failing"), key="7:opened")
    with pytest.raises(LookupError, match="channels:history"):
        backend.find(ALERTS, "7:opened")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500), Fault(status=503, body="<html>busy</html>"),
        Fault(body="<html>proxy</html>"), Fault(body="[1]"), Fault(body="null"), Fault(body="{"),
        Fault(error="fatal_error"), Fault(hang=True), Fault(stored=True),
        Fault(body='{"ok": true}'), Fault(body='{"ok": true, "channel": "C0", "ts": null}'),
    ],
    ids=str,
)  # fmt: skip
def test_lost_answer_is_unconfirmed_and_history_tells(
    slack: SlackServer, backend: SlackBackend, fault: Fault
) -> None:
    slack.fail("chat.postMessage", fault)
    with pytest.raises(Unconfirmed):
        backend.send(ALERTS, HELLO, key="k1")
    slack.released.set()
    assert (restarted(slack).find(ALERTS, "k1") is not None) == fault.stored == bool(keys(slack))


def test_what_cannot_be_looked_up_stays_in_doubt(slack: SlackServer, backend: SlackBackend) -> None:
    for body in ('{"ok": true}', '{"ok": true, "messages": null}', '{"ok": true, "messages": [1]}'):
        slack.fail("conversations.history", Fault(body=body))
        with pytest.raises(Unconfirmed):
            backend.find(ALERTS, "k1")
    slack.fail("conversations.history", Fault(status=500))
    slack.fail("conversations.history", Fault(status=429, error="ratelimited", retry_after=9))
    for wait in (None, 9):
        with pytest.raises(Unconfirmed) as caught:
            backend.find(ALERTS, "k1")
        assert caught.value.retry_after == wait


def test_failure_before_the_post_is_certain(slack: SlackServer, backend: SlackBackend) -> None:
    slack.fail("conversations.history", Fault(status=500))
    with pytest.raises(Transient) as caught:
        backend.send(ALERTS, alert("failing"), key="7:opened")
    assert not isinstance(caught.value, Unconfirmed)


def test_a_process_that_was_paused_before_it_posts_says_nothing(
    slack: SlackServer, backend: SlackBackend
) -> None:
    """Another process leads by then, and has said it."""
    answers = [True, False]
    backend.start(
        lambda _question: None, lambda: answers.pop(0) if len(answers) > 1 else answers[0]
    )
    backend.stop(5)
    answers[:] = [True, False]
    with pytest.raises(Transient, match="another process") as caught:
        backend.send(ALERTS, HELLO, key="k1")
    assert not isinstance(caught.value, Unconfirmed)
    assert slack.room(ALERTS) == []
    answers[:] = [True, True, False]  # paused once Slack has it: said is said
    backend.send(ALERTS, HELLO, key="k1")
    assert keys(slack) == ["k1"]


def test_rate_limit_says_how_long(slack: SlackServer, backend: SlackBackend) -> None:
    slack.fail("chat.postMessage", Fault(status=429, error="ratelimited", retry_after=17))
    with pytest.raises(Transient, match="17 s") as caught:
        backend.send(ALERTS, HELLO, key="k1")
    assert caught.value.retry_after == 17
    assert slack.room(ALERTS) == []


def test_slack_own_limit_of_one_a_second() -> None:
    with SlackServer(rate_limit=True) as slack:
        backend = restarted(slack)
        backend.send(ALERTS, HELLO, key="k1")
        with pytest.raises(Transient) as caught:
            backend.send(ALERTS, HELLO, key="k2")
        assert caught.value.retry_after == 1
        backend.send("C0GENERAL", HELLO, key="k3")


def test_revoked_token_needs_a_person(slack: SlackServer, backend: SlackBackend) -> None:
    slack.token_error = "token_revoked"
    with pytest.raises(Permanent, match="new token"):
        backend.send(ALERTS, HELLO, key="k1")
    with pytest.raises(Permanent, match="token_revoked"):
        backend.check()


def test_rooms_that_refuse(slack: SlackServer, backend: SlackBackend) -> None:
    slack.rooms |= {
        "C0ARCHIVE": Room("C0ARCHIVE", "old", archived=True),
        "C0OUTSIDE": Room("C0OUTSIDE", "outside", member=False),
        "C0SECRET0": Room("C0SECRET0", "secret", private=True, member=False),
    }
    for room, remedy in [
        ("#old", "unarchive"), ("#outside", "/invite"), ("#secret", "invite"),
        ("#none", "no channel"), ("C0NOWHERE", "name or id"),
    ]:  # fmt: skip
        with pytest.raises(Permanent, match=remedy):
            backend.send(room, HELLO, key="k")


def test_renamed_channel_is_learnt_anew(slack: SlackServer, backend: SlackBackend) -> None:
    backend.send("#ci-alerts", HELLO, key="k1")
    del slack.rooms[ALERTS]
    with pytest.raises(Permanent):
        backend.send("#ci-alerts", HELLO, key="k2")
    slack.rooms["C0NEWONE0"] = Room("C0NEWONE0", "ci-alerts")
    assert backend.send("#ci-alerts", HELLO, key="k2").startswith("C0NEWONE0:")


def test_person_is_written_to_directly(slack: SlackServer, backend: SlackBackend) -> None:
    remote = backend.send("U0PERSON0", HELLO, key="k1")
    assert restarted(slack).find("U0PERSON0", "k1") == remote
    assert remote.startswith("D0PERSON0:")


def test_nobody_there_is_transient() -> None:
    with SlackServer() as slack:
        backend = restarted(slack)
    with pytest.raises(Transient, match="no answer from Slack"):
        backend.send(ALERTS, HELLO, key="k1")


def test_token_is_in_no_error(slack: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    backend = SlackBackend(slack_config(slack, bot_token="xoxb-very-secret"), timeout=1)
    with pytest.raises(Permanent) as caught:
        backend.send(ALERTS, HELLO, key="k1")
    assert "very-secret" not in str(caught.value) + caplog.text
