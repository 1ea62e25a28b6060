"""`exclude NAME`: deletes what was discovered as a CI by mistake."""

from __future__ import annotations

from cibot.actions.leaving import exclude
from cibot.chat.command import Ask, Command
from cibot.text import figures
from cibot.text.card import Card, Span, card, line


def answer(ask: Ask) -> Card:
    """What came of it."""
    name = Span(figures.cut(exclude(ask.tx, ask.ctx, ask.actor, ask.text), 60), strong=True)
    said = " is no CI: its reports and incidents are gone, and it is not taken for one again."
    return card(line(name, said))


COMMAND = Command(
    usage="exclude NAME",
    does="deletes a CI that was found by mistake, with all its reports and incidents, for good",
    example="exclude quobyte",
    answer=answer,
    more="For admins, by its whole name. It cannot be undone; a CI of the configuration is taken"
    " out there.",
    writes=True,
)
