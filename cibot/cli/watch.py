"""How an answer is wanted, printing it so; ``--watch``: one question again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cibot.cli.questions.question import ShellAnswer
from cibot.cli.show import print_csv, print_json, print_view, to_terminal
from cibot.client.source import Source
from cibot.errors import Transient
from cibot.text.cleaning import clean

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


Sleep = Callable[[float], None]


def watch(
    ask: Callable[[], ShellAnswer],
    source: Source,
    form: Form,
    title: str,
    sleep: Sleep = time.sleep,
) -> None:
    """Asks every ``form.every`` seconds until Ctrl-C.

    A first answer must come; later a temporary failure is shown with the
    answer before it. Raises what ``ask`` raises otherwise.
    """
    answer = ask()
    try:
        if sys.stdout.isatty() and not (form.json or form.csv):
            answer = _in_place(answer, ask, source, form, title, sleep)
        else:
            _one_by_one(answer, ask, source, form, sleep)
    except KeyboardInterrupt:
        return


def _one_by_one(
    answer: ShellAnswer, ask: Callable[[], ShellAnswer], source: Source, form: Form, sleep: Sleep
) -> None:
    while True:
        print_answer(answer, source, form)
        if not form.json:
            click.echo("")
        sys.stdout.flush()
        answer = _next(ask, form, sleep)


def _next(ask: Callable[[], ShellAnswer], form: Form, sleep: Sleep) -> ShellAnswer:
    """The next answer that comes; failures go to standard error meanwhile."""
    while True:
        sleep(form.every)
        try:
            return ask()
        except Transient as error:
            click.echo(clean(f"Error: {error}; asking again in {form.every:g} s"), err=True)


def _in_place(
    answer: ShellAnswer,
    ask: Callable[[], ShellAnswer],
    source: Source,
    form: Form,
    title: str,
    sleep: Sleep,
) -> ShellAnswer:
    """On the whole terminal; what stood there comes back, with the last answer below it."""
    console = Console(highlight=False)
    trouble = ""
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                now = source.context().now
                said = f"{title} · {now:%H:%M:%S} UTC · every {form.every:g} s, Ctrl-C ends"
                heads = [Text(said, "dim"), *([Text(trouble, "bold red")] if trouble else [])]
                shown = to_terminal(answer.show(source.context()), console.width)
                live.update(Group(*heads, Text(), shown), refresh=True)
                sleep(form.every)
                try:
                    answer, trouble = ask(), ""
                except Transient as error:
                    trouble = str(error)
    except KeyboardInterrupt:
        console.print(to_terminal(answer.show(source.context()), console.width))
        raise
