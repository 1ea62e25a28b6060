"""Cards as Block Kit: golden shapes, Slack's limits, and text that wants to break out."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from cibot.chat.slack.blocks import NOW_BLOCK, escape, fallback, is_web_url, render, with_state
from cibot.model import State
from cibot.text.card import Button, Card, Span, card, line, state_span
from tests.support.slack_rules import faults_of_blocks, length_of, texts_of

HOSTILE = [
    "<!channel>", "<@U0ADMIN00>", "<https://evil.example|Gerrit>", "*bold* _it_ ~x~ `code`",
    "&lt;!here&gt;", ":tada:", "@here", "a\u202eb", "x\x00\x1by", "line\nbreak", "\ud800",
    "e\u0301" * 9,
    "👩\u200d👩\u200d👧\u200d👦" * 3, "🇩🇪🇫🇷", "```", "> quote", "#general", "\u2028", "%00",
    "|", "",
]  # fmt: skip
hostile_text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(
        st.characters(categories=["L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Cs"]), max_size=60
    ),
    st.lists(st.sampled_from(HOSTILE), max_size=5).map("".join),
    st.sampled_from(HOSTILE).map(lambda text: text * 700),
)
spans = st.builds(
    Span,
    hostile_text,
    href=st.one_of(st.none(), hostile_text, hostile_text.map("https://ci.example/".__add__)),
    strong=st.booleans(),
    code=st.booleans(),
)
cards = st.builds(
    Card,
    st.lists(st.lists(spans, max_size=4).map(tuple), max_size=80).map(tuple),
    link=st.one_of(st.none(), hostile_text, st.just("https://ci.example/cis/x")),
    long=st.booleans(),
    incident=st.one_of(st.none(), st.integers(1, 9)),
    buttons=st.lists(
        st.builds(Button, hostile_text, st.lists(hostile_text, max_size=3).map(tuple)), max_size=1
    ).map(tuple),
)


def test_short_answer_is_rich_text_with_our_link_only() -> None:
    status = card(
        line(
            state_span(State.FAILING), " ", Span("NetApp CI", href="https://cibot.example/netapp")
        ),
        line("31 % of ", Span("42", code=True), " builds passed"),
    )
    assert render(status).blocks == [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "■ failing", "style": {"bold": True}},
                        {"type": "text", "text": " "},
                        {
                            "type": "link",
                            "url": "https://cibot.example/netapp",
                            "text": "NetApp CI",
                        },
                        {"type": "text", "text": "\n"},
                        {"type": "text", "text": "31 % of "},
                        {"type": "text", "text": "42", "style": {"code": True}},
                        {"type": "text", "text": " builds passed"},
                    ],
                }
            ],
        }
    ]
    assert render(status).text == "■ failing NetApp CI\n31 % of 42 builds passed"


def test_alert_has_its_headline_as_a_title_and_its_page_as_a_link() -> None:
    alert = card(
        "NetApp CI is failing", "since 10:00", link="https://cibot.example/i/7", incident=7
    )
    header, _, more = render(alert).blocks
    assert header == {
        "type": "header",
        "text": {"type": "plain_text", "text": "NetApp CI is failing", "emoji": False},
    }
    (link,) = more["elements"][0]["elements"]
    assert link == {"type": "link", "url": "https://cibot.example/i/7", "text": "Open"}


def test_buttons_stand_below_and_carry_what_they_mean() -> None:
    alert = card("failing", incident=7, buttons=(Button("Why", ("why", 'A "B" <CI>')),))
    (actions,) = (block for block in render(alert).blocks if block["type"] == "actions")
    (button,) = actions["elements"]
    assert button["text"] == {"type": "plain_text", "text": "Why", "emoji": False}
    assert json.loads(button["value"]) == ["why", 'A "B" <CI>']
    recovered = with_state(render(alert).blocks, "healthy")
    assert all(block["type"] != "actions" for block in recovered)
    acknowledged = with_state(render(alert).blocks, "on it", [actions])
    assert acknowledged[-1] == actions


def test_present_state_stands_once_above_the_first_message() -> None:
    blocks = render(card("NetApp CI is failing", incident=7)).blocks
    recovered = with_state(with_state(blocks, "acknowledged by anna"), "healthy again")
    assert [block["type"] for block in recovered] == ["context", "header"]
    assert recovered[0]["block_id"] == NOW_BLOCK
    assert recovered[0]["elements"][0]["text"] == "Now: healthy again"


def test_what_is_left_out_is_said() -> None:
    many = card(*(f"CI number {number}: {'x' * 300}" for number in range(200)))
    rendered = render(many)
    assert re.search(r"… and \d+ more lines", texts_of(rendered.blocks)[-1])
    assert not faults_of_blocks(rendered.blocks)


def test_cut_between_graphemes() -> None:
    family = "👩\u200d👩\u200d👧\u200d👦"
    rendered = render(card("x", family * 500))
    shown = texts_of(rendered.blocks)[-1]
    assert shown.removesuffix("…") == family * shown.count(family)


def test_links_must_be_absolute_and_plain() -> None:
    assert is_web_url("https://ci.example/a?b=c&d=e#f")
    for url in (
        "javascript:alert(1)", "/path", "https://", "https://a b", "http://x|y", "ftp://x",
        "https://ci.example/\u202e", "http://[", "https://x/<!channel>", "mailto:a@b.c",
    ):  # fmt: skip
        assert not is_web_url(url), url


@given(cards)
def test_slack_takes_every_card_and_nothing_breaks_out(hostile: Card) -> None:
    rendered = render(hostile)
    assert not faults_of_blocks(rendered.blocks)
    assert length_of(rendered.blocks) <= 13_200
    assert 1 <= len(rendered.text) <= 3000
    # The only markup in the fallback is entities; Slack reads < and > as links and mentions.
    assert not re.search(r"[<>]", rendered.text)
    assert not re.search(r"&(?!amp;|lt;|gt;)", rendered.text)
    shown = "\0".join(texts_of(rendered.blocks)) + rendered.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x01-\x08\x0b-\x1f\x7f\ud800-\udfff]", shown)
    for block in rendered.blocks:
        assert block["type"] in {"header", "rich_text", "actions"}
        if block["type"] == "actions":
            continue
        for section in block.get("elements", []):
            for element in section["elements"]:
                assert element["type"] in {"text", "link"}
                assert element["type"] == "text" or is_web_url(element["url"])


@given(hostile_text)
def test_escaping_can_be_undone_and_hides_nothing(text: str) -> None:
    undone = escape(text).replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    assert undone == text


def test_fallback_of_nothing_is_something() -> None:
    assert fallback(Card(())) == fallback(card("\x00")) == "cibot"
