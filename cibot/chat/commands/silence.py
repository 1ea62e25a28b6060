"""`silence NAME 2h REASON`: mutes a CI's alerts for a while."""

from __future__ import annotations

from datetime import timedelta

from cibot.actions.silencing import put_silence
from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.model import Silence
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.text.card import Card, Span, line
from cibot.text.lengths import leading_length

_HOW = "silence netapp 2h new disks"


def answer(ask: Ask) -> Card:
    """Until when, why, and how to end it."""
    return render(ask.ctx, put_silence(ask.tx, ask.ctx, ask.actor, *read_words(ask.words)))


def read_words(words: tuple[str, ...]) -> tuple[str, timedelta, str]:
    """Whom, for how long and why, maybe empty. Raises UserError without a length of time."""
    for place in range(1, len(words)):
        taken = leading_length(words[place:])
        if taken is not None:
            length, count = taken
            name = words[: place - 1] if words[place - 1].casefold() == "for" else words[:place]
            return " ".join(name), length, " ".join(words[place + count :])
    raise UserError(f"Which CI, for how long, and why? As in: {_HOW} (30m, 2h, 3d, 1h30m).")


def render(ctx: Context, made: Silence) -> Card:
    """A line."""
    end = Span(f"unsilence {made.id}", code=True)
    return Card((line(*wording.muted(ctx, made), ". To end it: ", end),))


COMMAND = Command(
    usage="silence NAME 2h REASON",
    does="mutes a CI's alerts for a while; its incidents are still stored, and those that are"
    " still open afterwards are sent",
    example="silence netapp 2h new disks",
    answer=answer,
    aliases=("mute",),
    more="For its owners and admins. A name with * mutes all that fit (admins only).",
    writes=True,
)
