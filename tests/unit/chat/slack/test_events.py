"""Payloads of Slack into questions, hostile ones into reasons."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.chat.protocol import Asker, Channel, Question
from cibot.chat.slack.events import (
    _COPIED,
    BadPayload,
    Incoming,
    parse_command,
    parse_event,
    plain_text,
)
from tests.support.slack_caller import command_fields, event

BOT = "U0CIBOT00"
URL = "https://hooks.slack.com/commands/T/1/x"


def asked(payload: dict[str, Any]) -> Incoming:
    incoming = parse_event(payload, BOT)
    assert incoming is not None
    return incoming


def test_slash_command_is_a_question_in_its_channel() -> None:
    incoming = parse_command(command_fields("status  netapp ", URL))
    assert incoming.question("work") == Question(
        "status netapp", Asker("anna", "U0PERSON0"), Channel("work", "C0GENERAL"), private=False,
        named=Channel("work", "#general"), keys=(f"work:{incoming.keys[0]}",),
    )  # fmt: skip
    assert incoming.response_url == URL


def test_slash_command_in_somebodys_direct_messages_is_private_to_the_asker() -> None:
    question = parse_command(command_fields("watch x", URL, channel_id="D0OTHERS0")).question(
        "work"
    )
    assert question.private
    assert question.where.room == "U0PERSON0"


def test_mention_is_answered_in_a_thread_under_it() -> None:
    incoming = asked(event("app_mention", f"hi <@{BOT}>: status &lt;x&gt; &amp; y", ts="17.5"))
    assert (incoming.text, incoming.thread, incoming.private) == ("status <x> & y", "17.5", False)
    assert asked(event("app_mention", f"<@{BOT}> list", thread_ts="16.1")).thread == "16.1"


def test_direct_message_needs_no_mention_and_no_thread() -> None:
    incoming = asked(event("message", "status netapp", channel="D0PERSON0", channel_type="im"))
    assert (incoming.text, incoming.thread, incoming.private) == ("status netapp", None, True)


def test_bot_is_known_from_the_event_before_the_token_was_tried() -> None:
    incoming = parse_event(event("app_mention", f"<@U0OTHER00> <@{BOT}> help"), None)
    assert incoming is not None
    assert incoming.text == "help"


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B1"},
        {"bot_profile": {"id": "B1"}},
        {"subtype": "message_changed"},
        {"edited": {"user": "U1", "ts": "1.1"}},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"channel_type": "channel"},
        {"type": "reaction_added"},
    ],
)
def test_bots_edits_and_bystanders_are_no_question(more: dict[str, Any]) -> None:
    fields = {"channel": "D0PERSON0", "channel_type": "im"} | more
    kind = fields.pop("type", "message")
    assert parse_event(event(kind, "status", **fields), BOT) is None


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
def test_what_a_person_wrote_is_a_question_whatever_came_with_it(subtype: str) -> None:
    payload = event("message", "status", channel="D0PERSON0", channel_type="im", subtype=subtype)
    assert asked(payload).text == "status"


@pytest.mark.parametrize(
    "text",
    [
        f"<@{BOT}> list failing",
        f"<@{BOT}>: list failing",
        f"hey <@{BOT}>, list failing",
        f"list failing <@{BOT}>",
        f"list failing, <@{BOT}>?",
        f"list failing <@{BOT}> :pray:",
        f"<@{BOT}> list failing cc <@U1> <@U2>",
        f"<@U1> <@{BOT}|cibot> *list failing*",
        f"&gt; <@{BOT}> why netapp\n<@{BOT}> list failing",  # below what somebody else said
        f"<@{BOT}> list failing\n&gt; it was green yesterday",
    ],
)
def test_a_mention_may_stand_anywhere(text: str) -> None:
    assert asked(event("app_mention", text)).text.rstrip(",") == "list failing"


def test_repeat_has_the_same_keys() -> None:
    payload = event("app_mention", f"<@{BOT}> list")
    assert asked(payload).keys == asked(json.loads(json.dumps(payload))).keys


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("<http://netapp.com|netapp.com> CI", "netapp.com CI"),
        ("change <https://review.opendev.org/c/1>", "change https://review.opendev.org/c/1"),
        ("project <#C1|nova>", "project #nova"),
        ("ack <@U1|bob> <@U2>", "ack @bob @U2"),
        ("a\u00a0b\n c\u202e", "a b c"),
        ("*status* netapp", "status netapp"),
        ("`status netapp`", "status netapp"),
        ("status _NetApp CI_", "status NetApp CI"),
        ("```status netapp```", "status netapp"),
        ("status pure_storage_ci", "status pure_storage_ci"),
        ("silence B* 3d moving", "silence B* 3d moving"),
        (":wave: status netapp :fire::skin-tone-2:", "status netapp"),
        ("status netapp cc <@U1> <@U2|bob>", "status netapp"),
        ("status netapp /cc <@U1>, <@U2> and <@U3>", "status netapp"),
        ("<!here> status netapp", "status netapp"),
        ("status netapp fyi <!subteam^S1|@storage>", "status netapp"),
        ("change <https://r.example.org/c/1|our fix>", "change https://r.example.org/c/1"),
        ("status netapp <!date^1392734382^{date}|today>", "status netapp today"),
        ("watch netapp for <@U1>", "watch netapp for @U1"),
    ],
)
def test_slacks_markup_is_undone(typed: str, meant: str) -> None:
    assert plain_text(typed) == meant


@pytest.mark.parametrize("field", ["channel_id", "user_id", "response_url"])
def test_missing_field_is_named(field: str) -> None:
    fields = command_fields("status", URL)
    del fields[field]
    with pytest.raises(BadPayload, match=field):
        parse_command(fields)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
def test_mangled_payloads_give_a_question_a_reason_or_nothing(data: st.DataObject) -> None:
    payload = event("app_mention", f"<@{BOT}> status")
    for _ in range(data.draw(st.integers(1, 3))):
        target = data.draw(st.sampled_from([payload, payload["event"]]))
        if isinstance(target, dict) and target:
            target[data.draw(st.sampled_from(sorted(target)))] = data.draw(json_values)
    try:
        incoming = parse_event(payload, data.draw(st.sampled_from([BOT, None])))
    except BadPayload as error:
        assert str(error)  # noqa: PT017
    else:
        assert incoming is None or incoming.question("work").text is not None


@given(st.dictionaries(st.sampled_from(sorted(command_fields("x", URL))), st.text(max_size=50)))
def test_mangled_commands_give_a_question_or_a_reason(mangled: dict[str, str]) -> None:
    try:
        incoming = parse_command(command_fields("status", URL) | mangled)
    except BadPayload as error:
        assert str(error)  # noqa: PT017
    else:
        assert len(incoming.text) <= 1000


def test_a_long_run_of_blanks_is_read_at_once() -> None:
    """It took a step for each two of its blanks, and nothing else of the process ran meanwhile."""
    assert _COPIED.search("cc:" + " " * 200_000) is None
