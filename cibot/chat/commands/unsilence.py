"""`unsilence NAME|ID`: ends a silence early."""

from __future__ import annotations

from collections.abc import Sequence

from cibot.actions.silencing import end_silence_by_id, end_silences_of
from cibot.chat.command import Ask, Command
from cibot.model import Silence
from cibot.reports.silences import silence_on
from cibot.text import figures
from cibot.text.card import Card, Span, line
from cibot.text.numbers import number_in


def answer(ask: Ask) -> Card:
    """What ended, and what still mutes."""
    number = number_in(ask.text)
    if number is None:
        name, ended = end_silences_of(ask.tx, ask.ctx, ask.actor, ask.text)
    else:
        ended = [end_silence_by_id(ask.tx, ask.ctx, ask.actor, number)]
        name = ended[0].ci
    return render(name, ended, silence_on(ask.tx, ask.ctx, name))


def render(name: str, ended: Sequence[Silence], other: Silence | None) -> Card:
    """A line, and one more where ``other`` mutes it still."""
    numbers = figures.listed([f"#{silence.id}" for silence in ended])
    said = f": silence {numbers} is over." if len(ended) == 1 else f": {numbers} are over."
    if not ended:
        said = " has no silence of its own."
    lines = [line(Span(figures.cut(name, 60), strong=True), said)]
    if other is not None:
        lines.append(line(f"#{other.id} ({figures.cut(other.ci, 60)}) mutes it still."))
    return Card(tuple(lines))


COMMAND = Command(
    usage="unsilence NAME|ID",
    does="ends the silences of a CI, or one by its number, before their time",
    example="unsilence netapp",
    answer=answer,
    aliases=("unmute",),
    more="For its owners and admins.",
    writes=True,
    before=("silence netapp 2h new disks",),
)
