"""`unretire NAME`: has a retired CI judged again."""

from __future__ import annotations

from cibot.actions.leaving import unretire
from cibot.chat.command import Ask, Command
from cibot.text import figures
from cibot.text.card import Card, Span, card, line


def answer(ask: Ask) -> Card:
    """What came of it."""
    name = Span(figures.cut(unretire(ask.tx, ask.ctx, ask.actor, ask.text), 60), strong=True)
    return card(line(name, " is judged again."))


COMMAND = Command(
    usage="unretire NAME",
    does="judges, lists and reports a retired CI again",
    example="unretire quobyte",
    answer=answer,
    more="For admins.",
    writes=True,
    before=("retire quobyte",),
)
