"""`unwatch NAME|all`: no more private alerts of a CI."""

from __future__ import annotations

from cibot.actions.watching import unwatch, unwatch_all
from cibot.card import Card, Span, line
from cibot.chat.command import Ask, Command
from cibot.reports import text


def answer(ask: Ask) -> Card:
    """What is not watched any more."""
    if ask.text.casefold() == "all":
        count = unwatch_all(ask.tx, ask.ctx, ask.actor)
        said = f"You watch no CI any more; {text.plural(count, 'watch', 'watches')} ended."
        return Card((line(said if count else "You watched no CI."),))
    name, ended = unwatch(ask.tx, ask.ctx, ask.actor, ask.text)
    shown = Span(text.cut(name, 60), strong=True)
    if ended:
        return Card((line("You watch ", shown, " no more."),))
    return Card((line("You did not watch ", shown, "."),))


COMMAND = Command(
    name="unwatch",
    usage="unwatch NAME|all",
    does="ends the private alerts of a CI, or of all",
    example="unwatch netapp",
    answer=answer,
    aliases=("unsubscribe",),
    writes=True,
)
