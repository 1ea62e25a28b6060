"""How an answer is wanted, and printing it so."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.cli.questions.question import ShellAnswer
from cibot.cli.show import print_csv, print_json, print_view
from cibot.client.source import Source

EVERY = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Form:
    """The options that every question has. ``every`` is seconds."""

    json: bool = False
    csv: bool = False
    watch: bool = False
    every: float = EVERY
    exit_code: bool = False


def print_answer(answer: ShellAnswer, source: Source, form: Form) -> None:
    """Prints one answer to standard output."""
    if form.json:
        print_json(answer.body)
    elif form.csv:
        print_csv(answer.rows or ())
    else:
        print_view(answer.show(source.context()))
