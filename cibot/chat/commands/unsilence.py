"""`unsilence NAME|ID`: ends a silence early."""

from __future__ import annotations

from cibot.actions.silencing import end_silence_by_id, end_silences_of
from cibot.card import Card, Span, line
from cibot.chat.command import Ask, Command
from cibot.reports import text
from cibot.reports.silences import silence_on


def answer(ask: Ask) -> Card:
    """What ended, and what still mutes."""
    number = ask.text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 18:
        ended = end_silence_by_id(ask.tx, ask.ctx, ask.actor, int(number))
        return _told(ask, ended.ci, f": silence #{ended.id} is over.")
    name, found = end_silences_of(ask.tx, ask.ctx, ask.actor, ask.text)
    if not found:
        return _told(ask, name, " has no silence of its own.")
    numbers = text.listed([f"#{one.id}" for one in found])
    over = "silence " + numbers + " is over." if len(found) == 1 else f"{numbers} are over."
    return _told(ask, name, f": {over}")


def _told(ask: Ask, name: str, said: str) -> Card:
    lines = [line(Span(text.cut(name, 60), strong=True), said)]
    other = silence_on(ask.tx, ask.ctx, name)
    if other is not None:
        lines.append(line(f"#{other.id} ({text.cut(other.ci, 60)}) mutes it still."))
    return Card(tuple(lines))


COMMAND = Command(
    name="unsilence",
    usage="unsilence NAME|ID",
    does="ends the silences of a CI, or one by its number, before their time",
    example="unsilence netapp",
    answer=answer,
    aliases=("unmute",),
    more="For its owners and admins.",
    writes=True,
)
