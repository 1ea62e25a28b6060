"""`watch NAME`: alerts of a CI by private message."""

from __future__ import annotations

from cibot.actions.watching import watch
from cibot.chat.command import Ask, Command
from cibot.text import figures
from cibot.text.card import Card, Span, line


def answer(ask: Ask) -> Card:
    """That it is watched, and how to end it."""
    words, who = for_whom(ask.words)
    name, watcher, new = watch(ask.tx, ask.ctx, ask.actor, " ".join(words), who)
    whom = "you" if who is None else figures.cut(watcher.name, 40)
    said = f"I will tell {whom}" if new else f"I tell {whom} already"
    shown = Span(figures.cut(name, 60), strong=True)
    tail = "" if who is None else f" for {figures.cut(who, 40)}"
    end = Span(f"unwatch {figures.cut(name, 60)}{tail}", code=True)
    return Card((line(f"{said} in private what happens to ", shown, ". To end it: ", end),))


def for_whom(words: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The CI's words, and the person after "for"."""
    folded = [word.casefold() for word in words]
    if "for" not in folded[1:-1]:
        return words, None
    place = len(words) - 1 - folded[::-1].index("for")
    who = " ".join(words[place + 1 :])
    return words[:place], None if who.casefold() in {"me", "myself"} else who


COMMAND = Command(
    usage="watch NAME [for WHO]",
    does="tells you in private when a CI degrades, goes silent, recovers",
    example="watch netapp",
    answer=answer,
    aliases=("subscribe",),
    more="For somebody else, a configured person or an account, its owners and admins may: watch "
    "netapp for Mika. On IRC alerts go to the nick that your services account used last.",
    writes=True,
)
