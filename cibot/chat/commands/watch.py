"""`watch NAME`: alerts of a CI by private message."""

from __future__ import annotations

from cibot.actions.watching import watch
from cibot.card import Card, Span, line
from cibot.chat.command import Ask, Command
from cibot.reports import text


def answer(ask: Ask) -> Card:
    """That it is watched, and how to end it."""
    name, new = watch(ask.tx, ask.ctx, ask.actor, " ".join(ask.words))
    said = "I will tell you" if new else "I tell you already"
    shown = Span(text.cut(name, 60), strong=True)
    end = Span(f"unwatch {text.cut(name, 60)}", code=True)
    return Card((line(f"{said} in private what happens to ", shown, ". To end it: ", end),))


COMMAND = Command(
    name="watch",
    usage="watch NAME",
    does="tells you in private when a CI degrades, goes silent, recovers",
    example="watch netapp",
    answer=answer,
    aliases=("subscribe",),
    more="On IRC you are told under the nick that your services account wore last.",
    writes=True,
)
