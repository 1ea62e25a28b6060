"""What people type: one reading for every network."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.chat.typed import addressed, clean, split


def called(text: str, *, private: bool = False) -> str | None:
    return addressed(text, names=["cibot", "cibot_"], prefixes=["!ci"], private=private)


@pytest.mark.parametrize(
    "text",
    [
        "!ci status netapp",
        "!CI status netapp",
        "!ci: status netapp",
        "!ci, status netapp",
        "!ci:status netapp",
        "!ci   status\tnetapp",
        "！ｃｉ status netapp",  # full-width, as some keyboards write
        "!c\u200bi status netapp",
        "\ufeff!ci status netapp",
        "\x02!ci\x02 \x0304,01status\x03 netapp",
        "cibot: status netapp",
        "CIBOT: status netapp",
        "cibot, status netapp",
        "cibot; status netapp",
        "cibot> status netapp",
        "cibot:status netapp",
        "cibot，status netapp",
        "@cibot status netapp",
        "@cibot: status netapp",
        "@Cibot, status netapp",
        "cibot_: status netapp",
        "@cibot_ status netapp",
        "hey cibot: status netapp",
        "Hi @cibot status netapp",
        "hello, cibot, status netapp",
        "cib\u2060ot: status netapp",
        "!ci.status netapp",
        "`!ci status netapp`",
        '"!ci status netapp"',
        "*cibot: status netapp*",
        "(!ci status netapp)",
        "~cibot: status netapp",
        "<bob> !ci status netapp",  # through a bridge
        "[matrix] cibot: status netapp",
        "hey there cibot, status netapp",
        "good morning all, cibot: status netapp",
        "cibot status netapp",
        "cibot - status netapp",
        "cibot — status netapp",
        "cibot : status netapp",  # as French is typed
        "!ci : status netapp",
        "@cibot ; status netapp",
        "cibot => status netapp",
        "cibot、status netapp",
        "*cibot* status netapp",
        "**cibot**: status netapp",
        "`cibot`: status netapp",
        "_@cibot_ status netapp",
        "[matrix] <bob> !ci status netapp",
    ],
)
def test_the_bot_is_called_in_many_ways(text: str) -> None:
    assert called(text) == "status netapp"


def test_a_longer_question_behind_the_bare_name_ends_with_its_mark() -> None:
    assert called("cibot why is netapp red again?") == "why is netapp red again?"
    assert called("cibot why is it always you") is None


@pytest.mark.parametrize(
    "text", ["!ci", "!ci?", "cibot", "cibot:", "cibot?", "@cibot", "hey cibot"]
)
def test_who_calls_and_says_nothing_is_answered_too(text: str) -> None:
    assert called(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "hello", "!cinema", "!cix status", "ci status", "so !ci status", "cibot is down",
        "cibot status page is down", "see `!ci status netapp`", "good morning", "hi all",
        "cibot2: hi", "*netapp* cibot", "<cibot> netapp is failing", "*cibot waves*",
        "the cibot: x", "hey everybody", "cibots: x", "mcibot: x",
    ],
)  # fmt: skip
def test_what_is_not_for_the_bot(text: str) -> None:
    assert called(text) is None


@pytest.mark.parametrize("text", ["status netapp", "!ci status netapp", "cibot: status netapp"])
def test_in_private_no_call_is_needed(text: str) -> None:
    assert called(text, private=True) == "status netapp"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("status “NetApp CI”", ("status", "NetApp CI")),
        ("status «NetApp CI»", ("status", "NetApp CI")),
        ("status ‘NetApp CI’", ("status", "NetApp CI")),
        ('status "NetApp CI', ("status", "NetApp", "CI")),
        ("history netapp 7\u202fd", ("history", "netapp", "7", "d")),
        ("silence netapp 2\u00a0h x", ("silence", "netapp", "2", "h", "x")),
        ("ｓｔａｔｕｓ ｎｅｔａｐｐ？", ("status", "netapp")),
        ("status net\u00adapp\u200d", ("status", "netapp")),
        ("status Pure\u2011Storage", ("status", "Pure-Storage")),
        ("status \u202enetapp\u202c", ("status", "netapp")),
        (unicodedata.normalize("NFD", "status Bärenci"), ("status", "Bärenci")),
        ("status netapp\ufe0f", ("status", "netapp")),
    ],
)
def test_words_are_read_as_they_are_meant(typed: str, words: tuple[str, ...]) -> None:
    assert split(typed) == words


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_one_line_and_reading_it_again_changes_nothing(
    text: str, private: bool
) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= 500
    assert not {unicodedata.category(letter) for letter in once} & {"Cc", "Cf", "Zl", "Zp"}
    question = called(text, private=private)
    assert question is None or isinstance(question, str)
    assert not (private and once and question is None)
