"""`silences`: which alerts are muted, by whom, until when and why."""

from __future__ import annotations

from cibot.card import Card, line
from cibot.chat.command import Ask, Command
from cibot.reports import phrases, text
from cibot.reports.silences import silences

_LINES = 10


def answer(ask: Ask) -> Card:
    """A line each, the one that ends first first."""
    found = silences(ask.tx, ask.ctx)
    if not found:
        return Card((line("No alert is silenced."),))
    lines = [phrases.muted(ask.ctx, one) for one in found[:_LINES]]
    if len(found) > _LINES:
        lines.append(line(f"and {text.number(len(found) - _LINES)} more"))
    return Card(tuple(lines), long=len(lines) > 4)


COMMAND = Command(
    name="silences",
    usage="silences",
    does="which alerts are muted, by whom, until when and why",
    example="silences",
    answer=answer,
    aliases=("muted",),
)
