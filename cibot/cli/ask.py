"""``cibot status``, ``cibot list`` …: the chat's commands, asked of the database directly."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from cibot.card import Card
from cibot.chat.backends.console import render
from cibot.chat.command import Command
from cibot.chat.commands import COMMANDS
from cibot.chat.dispatch import Dispatcher
from cibot.chat.wording import split
from cibot.cli.common import config_option, read_config, shell_actor
from cibot.store.engine import open_store
from cibot.store.migrate import require_current


def make(command: Command) -> click.Command:
    """A click command that asks what the chat command asks."""

    @click.command(
        command.name,
        help=help_text(command),
        short_help=command.does,
        context_settings={"ignore_unknown_options": True},
    )
    @config_option
    @click.option("--json", "as_json", is_flag=True, help="Print the answer's lines as JSON.")
    @click.argument("words", nargs=-1, metavar=command.usage.partition(" ")[2] or None)
    def asked(config_path: Path | None, as_json: bool, words: tuple[str, ...]) -> None:
        reply = ask(config_path, (command.name, *words))
        show(reply, as_json=as_json)

    return asked


def help_text(command: Command) -> str:
    """What ``cibot NAME --help`` says."""
    more = f" {command.more}" if command.more else ""
    head = command.does[:1].upper() + command.does[1:]
    return f"{head}.{more}\n\n\b\nExample:\n  cibot {command.example}\n"


def ask(config_path: Path | None, words: tuple[str, ...]) -> Card:
    """The answer from the configured database. Raises ConfigError or MigrationError."""
    config = read_config(config_path).config
    store = open_store(config.store.url.get_secret_value())
    try:
        require_current(store)
        name, *rest = words
        typed = tuple(word for one in rest for word in _words(one))
        return Dispatcher(store, config).run((name, *typed), actor=shell_actor())[1]
    finally:
        store.close()


def _words(argument: str) -> tuple[str, ...]:
    """An argument that the shell kept together stays together."""
    kept = split(f'"{argument}"') if '"' not in argument else split(argument)
    return kept or (argument,)


def show(reply: Card, *, as_json: bool) -> None:
    """Prints an answer; a refusal goes to standard error with exit code 1."""
    if reply.error:
        raise click.ClickException(reply.text())
    if as_json:
        click.echo(json.dumps(_plain(reply), ensure_ascii=False))
        return
    colour = sys.stdout.isatty()
    for line in render(reply, colour=colour) if colour else _piped(reply):
        click.echo(line)


def _piped(reply: Card) -> list[str]:
    """Without colours and addresses: what a script reads."""
    return reply.text().splitlines()


def _plain(reply: Card) -> dict[str, Any]:
    lines = [
        [{"text": span.text, **({"href": span.href} if span.href else {})} for span in one]
        for one in reply.lines
    ]
    return {"lines": lines, "text": reply.text(), "link": reply.link}


def __getattr__(name: str) -> click.Command:
    """Each command by its name, for the lazy group."""
    if name in COMMANDS:
        return make(COMMANDS[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
