"""`silences`: which alerts are muted, by whom, until when and why."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.model import Silence
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.silences import silences
from cibot.text.card import Card, first, line

_LINES = 10


def answer(ask: Ask) -> Card:
    """One line for each, ordered by end time."""
    return render(ask.ctx, silences(ask.tx, ask.ctx))


def render(ctx: Context, listed: tuple[Silence, ...]) -> Card:
    """At most eleven lines."""
    if not listed:
        return Card((line("No alert is silenced."),))
    lines = first([wording.muted(ctx, silence) for silence in listed], _LINES)
    return Card(tuple(lines), long=len(lines) > 4)


COMMAND = Command(
    usage="silences",
    does="which alerts are muted, by whom, until when and why",
    example="silences",
    answer=answer,
    aliases=("muted",),
    before=("silence netapp 2h new disks",),
)
