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
    meant = _meant(ask)
    if meant:
        return _command(ask, meant)
    names = ", ".join(ask.commands)
    return Card(
        (
            line("Ask me for a CI's state, as in ", Span("status netapp", code=True), "."),
            line(f"Commands: {names}."),
            line("More about one: ", Span("help why", code=True), "."),
        )
    )


def _meant(ask: Ask) -> tuple[str, ...]:
    """The words that may name a command: "why" of "help me with why", none of "help me"."""
    names = {*ask.commands, *_by_alias(ask)}
    return tuple(word for word in ask.words if word.casefold() in names or without_fillers((word,)))


def _by_alias(ask: Ask) -> dict[str, Command]:
    return {alias: command for command in ask.commands.values() for alias in command.aliases}


def _command(ask: Ask, words: tuple[str, ...]) -> Card:
    word = next((word for word in words if word.casefold() not in _CALLS), words[0]).casefold()
    chosen = _by_alias(ask).get(word) or ask.commands[resolve(word, list(ask.commands), "command")]
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
    aliases=("commands", "usage", "h", "man", "hilfe", "aide", "ayuda", "aiuto", "ajuda"),
)
