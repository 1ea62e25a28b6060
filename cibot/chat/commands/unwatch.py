"""`unwatch NAME [for WHO]|all`: ends the private alerts of a CI."""

from __future__ import annotations

from cibot.actions.watching import unwatch, unwatch_all
from cibot.chat.command import Ask, Command
from cibot.chat.commands.watch import for_whom
from cibot.text import figures
from cibot.text.card import Card, Span, line


def answer(ask: Ask) -> Card:
    """Confirms which watches ended."""
    if ask.text.casefold() == "all":
        count = unwatch_all(ask.tx, ask.ctx, ask.actor)
        said = f"You watch no CI any more; {figures.plural(count, 'watch', 'watches')} ended."
        return Card((line(said if count else "You watched no CI."),))
    words, who = for_whom(ask.words)
    name, watcher, ended = unwatch(ask.tx, ask.ctx, ask.actor, " ".join(words), who)
    shown = Span(figures.cut(name, 60), strong=True)
    whom = "You" if who is None else figures.cut(watcher.name, 40)
    if ended:
        return Card((line(f"{whom} {'watch' if who is None else 'watches'} ", shown, " no more."),))
    return Card((line(f"{whom} did not watch ", shown, "."),))


COMMAND = Command(
    usage="unwatch NAME [for WHO]|all",
    does="ends the private alerts of a CI, or of all",
    example="unwatch netapp",
    answer=answer,
    aliases=("unsubscribe",),
    writes=True,
    before=("watch netapp",),
)
