"""Hostile text comes out plain, and is cut where a reader sees a border."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from cibot.text.cleaning import UNSEEN, in_order, one_line, split

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\r\n\0\x01\x02\x03\x0f\x1f\u202e\u2066\u200b\u0301\ufeff\ud800 !"),
    )
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("two\r\nlines\ttab", "two lines tab"),
        ("  ends  \n", "ends"),
        ("QUIT\x00\x01VERSION\x01", "QUITVERSION"),
        ("\x0304red\x0f \x02bold", "04red bold"),
        ("evil\u202eexe.txt", "evilexe.txt"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("e" + "\u0301" * 40, "e" + "\u0301" * 6),
        ("naïve Ünï 漢字 " + FAMILY, "naïve Ünï 漢字 " + FAMILY),
    ],
)
def test_one_line(text, plain):
    assert one_line(text) == plain


@pytest.mark.parametrize(
    "seen",
    [
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",  # Persian: a joiner parts two words
        "\u0915\u094d\u200d\u0937",  # Hindi: a half letter
        FAMILY,
        "\u2764\ufe0f\u200d\U0001f525",
        "1\ufe0f\u20e3",
        "\u845b\U000e0100\u57ce",  # Japanese: which form of a letter
    ],
)
def test_a_joiner_that_changes_what_is_drawn_is_seen(seen: str) -> None:
    assert UNSEEN.search(seen) is None
    assert one_line(seen) == seen


@pytest.mark.parametrize(
    "unseen", "\u00ad\u034f\u061c\u115f\u200b\u200c\u200d\u202e\u2060\u3164\ufe0f\ufeff"
)
@pytest.mark.parametrize("around", [("Zu", "ul"), ("Zuul", ""), ("\u0639\u0644\u06cc", "")])
def test_what_draws_nothing_is_unseen_and_goes(around: tuple[str, str], unseen: str) -> None:
    before, after = around
    assert UNSEEN.search(before + unseen + after)
    assert one_line(before + unseen + after) == before + after


@given(HOSTILE)
def test_nothing_unseen_is_left_in_a_line(text: str) -> None:
    assert UNSEEN.search(one_line(text)) is None


@given(HOSTILE)
def test_one_line_leaves_nothing_that_steers_a_terminal_or_a_reader(text):
    plain = one_line(text)
    assert not {unicodedata.category(c) for c in plain} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(plain) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    )
    assert one_line(plain) == plain
    plain.encode()


@pytest.mark.parametrize(
    "piece", [FAMILY, FLAG, "e\u0301", "\U0001f44d\U0001f3fd", "\u1112\u1161\u11ab"]
)
def test_a_grapheme_stays_whole(piece):
    assert split("xxxx" + piece, 4 + len(piece.encode()) - 1) == ("xxxx", piece)


def test_split_prefers_a_space():
    assert split("one two three", 9) == ("one two", "three")
    assert split("abcdefghij", 4) == ("abcd", "efghij")
    assert split("short", 5) == ("short", "")


@given(HOSTILE.map(one_line), st.integers(4, 60))
def test_split_takes_something_within_the_bound_and_loses_only_spaces(text, most):
    rest, heads = text, []
    while rest:
        head, after = split(rest, most)
        assert len(head.encode()) <= most
        assert len(after) < len(rest)
        heads.append(head)
        rest = after
    assert "".join(heads).replace(" ", "") == text.replace(" ", "")


def test_what_turns_the_direction_and_what_is_no_text_is_left_out_in_any_class() -> None:
    turned = Markup("<b>job\u202e\u2066\x02\x1b\x07</b> caf\u00e9\n")
    assert in_order(turned) == "<b>job</b> caf\u00e9\n"
    assert isinstance(in_order(turned), Markup)
