"""`project P [BRANCH]`: the CIs at home on a project."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.commands import list as list_command
from cibot.chat.typed import about_branch
from cibot.errors import UserError
from cibot.reports.listing import listing
from cibot.text.card import Card


def answer(ask: Ask) -> Card:
    """As `list project P`."""
    if not ask.words:
        raise UserError("Which project? Write its name, as in: project cinder.")
    report = about_branch(
        ask.words, lambda name, branch: listing(ask.tx, ask.ctx, None, name, branch)
    )
    return list_command.render(ask.ctx, report)


COMMAND = Command(
    usage="project P [BRANCH]",
    does="the CIs that report on a project, or on a branch of it, worst first",
    example="project cinder",
    answer=answer,
)
