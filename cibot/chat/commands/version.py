"""`version`: which cibot this is."""

from __future__ import annotations

from cibot import __version__
from cibot.chat.command import Ask, Command
from cibot.text.card import Card, line


def answer(ask: Ask) -> Card:
    """The version, and where the dashboard is."""
    return Card((line(f"cibot {__version__}"),), link=ask.ctx.page())


COMMAND = Command(
    usage="version",
    does="which cibot this is",
    example="version",
    answer=answer,
    aliases=("about",),
)
