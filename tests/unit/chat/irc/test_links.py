"""A line of IRC has little room: the bot's own pages are linked once."""

from cibot.chat.irc.text import Style, render
from cibot.text.card import Card, Span, line


def test_own_pages_are_linked_once_and_evidence_always() -> None:
    card = Card(
        (
            line(Span("Acme", href="https://ci.example.org/ci/Acme", strong=True), ": failing"),
            line("see ", Span("15,1", href="https://review.example.org/15/1")),
        ),
        link="https://ci.example.org/ci/Acme",
    )
    assert render(card, Style()) == [
        ["Acme: failing https://ci.example.org/ci/Acme"],
        ["see 15,1 https://review.example.org/15/1"],
    ]


def test_without_a_page_every_link_is_kept() -> None:
    card = Card((line(Span("Acme", href="https://ci.example.org/ci/Acme")),))
    assert render(card, Style()) == [["Acme https://ci.example.org/ci/Acme"]]
