"""`retire NAME`: stops judging and listing a CI that is gone."""

from __future__ import annotations

from cibot.actions.leaving import retire
from cibot.chat.command import Ask, Command
from cibot.text import figures
from cibot.text.card import Card, Span, card, line


def answer(ask: Ask) -> Card:
    """What came of it."""
    name = figures.cut(retire(ask.tx, ask.ctx, ask.actor, ask.text), 60)
    back = Span(f"unretire {name}", code=True)
    said = " is retired; its history stays. To have it judged again: "
    return card(line(Span(name, strong=True), said, back))


COMMAND = Command(
    usage="retire NAME",
    does="stops judging, listing and reporting a CI that is gone; its history stays",
    example="retire quobyte",
    answer=answer,
    more="For admins.",
    writes=True,
)
