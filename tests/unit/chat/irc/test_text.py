"""A card as lines of IRC: short, plain, harmless to other bots and to bystanders."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.chat.irc.text import MOST_BYTES, Style, render
from cibot.chat.irc.wire import fold_for
from cibot.model import State
from cibot.text.card import Card, Span, card, line, state_span
from tests.unit.text.test_cleaning import HOSTILE

URL = "https://ci.example.org/cis/netapp"


def flat(card, style=None, **named):
    return [text for texts in render(card, style or Style(), **named) for text in texts]


def test_an_alert_is_one_line_with_its_link():
    alert = card(
        line(state_span(State.FAILING), " netapp-ci: 3 of 40 passed since 09:00"), link=URL
    )
    assert flat(alert) == [f"■ failing netapp-ci: 3 of 40 passed since 09:00 {URL}"]


def test_a_link_that_does_not_fit_gets_its_own_line():
    assert flat(card("x" * 390, link=URL)) == ["x" * 390, URL]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://a b", "ftp://x", "https://x\r\nQUIT"]
)
def test_only_http_links_are_written(link):
    assert flat(card("text", link=link)) in (["text"], ["text https://x QUIT"])[:1]


def test_a_span_shows_where_it_points():
    assert flat(card(line("log: ", Span("job", href=URL), ", next"))) == [f"log: job {URL}, next"]
    assert flat(card(line(Span(URL, href=URL)))) == [URL]


@pytest.mark.parametrize("start", list("!.?@~$%&+-/\\;,'\"#*^=|:`_"))
def test_no_line_starts_as_a_command_to_another_bot(start):
    assert flat(card(f"{start}recheck all")) == [f"· {start}recheck all"]


def test_a_continued_line_does_not_start_as_a_command_either():
    lines = flat(card("y" * 395 + " !op all the people"))
    assert lines == ["y" * 395, "· !op all the people"]


def test_the_asker_is_addressed_and_nobody_else_is_pinged():
    style = Style(nicks={"bob", "alice", "carol"})
    text = flat(card("bob says Alice, carolyn and https://x.example/bob/"), style, address="alice")
    assert text == ["alice: b\u2060ob says A\u2060lice, carolyn and https://x.example/bob/"]


def test_colour_only_by_configuration():
    alert = card(line(state_span(State.HEALTHY), " fine ", Span("very", strong=True)))
    assert flat(alert) == ["● healthy fine very"]
    assert flat(alert, Style(colour=True)) == ["\x0303● healthy\x0f fine \x02very\x0f"]
    long = card(line(state_span(State.HEALTHY), "z" * 500))
    assert not any("\x03" in text for text in flat(long, Style(colour=True)))


def test_an_empty_card_says_so():
    assert flat(Card(())) == ["(nothing to say)"]


SPANS = st.builds(
    Span,
    HOSTILE,
    href=st.none() | HOSTILE | HOSTILE.map("https://{}".format),
    strong=st.booleans(),
    state=st.none() | st.sampled_from(list(State)),
)
CARDS = st.builds(
    Card,
    st.lists(st.lists(SPANS, max_size=3).map(tuple), max_size=3).map(tuple),
    link=st.none() | HOSTILE,
)


@given(CARDS, st.none() | HOSTILE, st.integers(60, MOST_BYTES))
def test_whatever_a_card_holds_its_lines_are_harmless(card, address, most):
    for text in flat(card, Style(most_bytes=most), address=address):
        assert 0 < len(text.encode()) <= most
        assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)
        assert text[0] not in "!.?@~$%&+-/\\;,'\"#*^=|:` "


@given(CARDS, st.integers(60, MOST_BYTES), st.booleans())
def test_whatever_an_alert_holds_each_line_is_one_message(card, most, colour):
    alert = replace(card, incident=7)
    written = render(alert, Style(most_bytes=most, colour=colour))
    assert all(len(messages) <= 1 for messages in written[: len(alert.lines)])
    assert all(len(text.encode()) <= most for messages in written for text in messages)


@pytest.mark.parametrize("mapping", ["ascii", "rfc1459", "rfc7613", ""])
def test_a_letter_that_looks_alike_is_another_nick(mapping: str) -> None:
    fold = fold_for(mapping)
    assert fold("Mika") == fold("mIKA")
    assert fold("mi\u212aa") != fold("mika")  # the Kelvin sign, whose small letter is k
    assert fold("\u0130van") != fold("ivan")
