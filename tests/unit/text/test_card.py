"""A card as JSON in the outbox, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from cibot.model import State
from cibot.text.card import Button, Card, Span, Trend, line

CARD = Card(
    (line("a ", Span("b", "http://ci.example.org", True, True, State.SILENT, 5)), ()),
    link="http://ci.example.org/1",
    long=True,
    incident=3,
    error=True,
    buttons=(Button("Ack", ("ack", "3")),),
    trend=Trend("Acme", date(2026, 1, 2), ((1, 2), (0, 0))),
    escalates=True,
)


def test_a_card_is_read_as_it_was_written_without_the_moments_of_its_words() -> None:
    assert Card.from_json(CARD.to_json()) == CARD
    timed = line(Span("now", at=datetime(2026, 1, 2, tzinfo=UTC)))
    assert Card.from_json(Card((timed,)).to_json()) == Card((line("now"),))


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "null", '{"lines":[[1]]}', '{"lines":3}'])
def test_what_is_no_card_is_read_as_a_card_that_says_so(text: str) -> None:
    with pytest.raises(ValidationError):
        Card.from_json(text)
    assert Card.read(text).text() == "(a message that cannot be read)"
