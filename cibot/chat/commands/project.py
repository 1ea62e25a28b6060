"""`project P`: the CIs at home on a project."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.commands import list as list_command
from cibot.errors import UserError
from cibot.reports.listing import listing
from cibot.text.card import Card


def answer(ask: Ask) -> Card:
    """As `list project P`."""
    if not ask.words:
        raise UserError("Which project? Write its name, as in: project cinder.")
    return list_command.render(ask.ctx, listing(ask.tx, ask.ctx, None, ask.text))


COMMAND = Command(
    name="project",
    usage="project P",
    does="the CIs that report on a project, worst first",
    example="project cinder",
    answer=answer,
)
