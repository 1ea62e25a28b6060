"""`silence NAME 2h REASON`: mutes a CI's alerts for a while."""

from __future__ import annotations

from cibot.actions.silencing import parse_length, put_silence
from cibot.card import Card, Span, line
from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.reports import phrases

_HOW = "silence netapp 2h new disks"


def answer(ask: Ask) -> Card:
    """Until when, why, and how to end it."""
    place = next((i for i, one in enumerate(ask.words) if i and parse_length(one)), None)
    if place is None:
        raise UserError(f"Which CI, for how long, and why? As in: {_HOW} (30m, 2h, 3d, 1h30m).")
    name = ask.words[: place - 1] if ask.words[place - 1] == "for" else ask.words[:place]
    length = parse_length(ask.words[place])
    assert length is not None
    target = " ".join(name)
    made = put_silence(ask.tx, ask.ctx, ask.actor, target, length, " ".join(ask.words[place + 1 :]))
    end = Span(f"unsilence {made.id}", code=True)
    return Card((line(*phrases.muted(ask.ctx, made), ". To end it: ", end),))


COMMAND = Command(
    name="silence",
    usage="silence NAME 2h REASON",
    does="mutes a CI's alerts for a while; what happens meanwhile is kept, and what is still wrong"
    " afterwards is told",
    example="silence netapp 2h new disks",
    answer=answer,
    aliases=("mute",),
    more="For its owners and admins. A name with * mutes all that fit (admins only).",
    writes=True,
)
