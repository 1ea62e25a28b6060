"""`help [COMMAND]`: every command, or one with an example."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.typed import NAME, without_fillers
from cibot.reports.names import resolve
from cibot.text import figures
from cibot.text.card import Card, Span, line

_CALLS = ("ci", NAME)


def answer(ask: Ask) -> Card:
    """A line over all commands, or the usage, meaning and example of one."""
    if ask.words:
        return _command(ask)
    names = ", ".join(ask.commands)
    return Card(
        (
            line("Ask me for a CI's state, as in ", Span("status netapp", code=True), "."),
            line(f"Commands: {names}."),
            line("More about one: ", Span("help why", code=True), "."),
        )
    )


def _command(ask: Ask) -> Card:
    by_alias = {alias: command for command in ask.commands.values() for alias in command.aliases}
    words = without_fillers(ask.words) or ask.words  # "help me with why"
    word = next((word for word in words if word.casefold() not in _CALLS), words[0]).casefold()
    chosen = by_alias.get(word) or ask.commands[resolve(word, list(ask.commands), "command")]
    parts = [figures.sentence(chosen.does), *([chosen.more] if chosen.more else [])]
    return Card(
        (
            line(Span(chosen.usage, code=True), f" – {' '.join(parts)}"),
            line("Example: ", Span(chosen.example, code=True)),
        )
    )


COMMAND = Command(
    usage="help [COMMAND]",
    does="every command, or one with an example",
    example="help why",
    answer=answer,
    aliases=("commands", "usage", "h", "man", "halp"),
)
