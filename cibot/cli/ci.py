"""``cibot ci``: takes CIs out that are retired, or that are none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from cibot.actions.leaving import exclude, retire, unretire
from cibot.actions.roles import Actor
from cibot.cli.common import config_option, configured_store, read_config, shell_actor
from cibot.reports.context import Context
from cibot.store.engine import Tx

_Action = Callable[[Tx, Context, Actor, str], str]


@click.group()
def command() -> None:
    """Retire a CI, or say that an account is none."""


def _add(name: str, action: _Action, said: str, help_text: str) -> None:
    @command.command(name, help=help_text)
    @click.argument("name")
    @config_option
    def run(config_path: Path | None, name: str) -> None:
        ctx = Context(datetime.now(UTC), read_config(config_path).config)
        with configured_store(config_path) as store:
            done = store.write(lambda tx: action(tx, ctx, shell_actor(), name))
        click.echo(said.format(done))


_EXAMPLE = "\n\n\b\nExample:\n  cibot ci {}"
_add(
    "retire", retire, "{} is retired; `cibot ci unretire` has it judged again.",
    "Judge, list and tell of a CI no more; its history stays."
    + _EXAMPLE.format("retire 'Old Vendor CI'"),
)  # fmt: skip
_add(
    "unretire", unretire, "{} is judged again.",
    "Judge a retired CI again." + _EXAMPLE.format("unretire 'Old Vendor CI'"),
)  # fmt: skip
_add(
    "exclude", exclude, "{} is no CI any more, and its incidents are gone.",
    "Forget a CI that is none, with its incidents, and never take its accounts for one."
    "\n\n`not_cis` under [[gerrit]] says the same in the configuration."
    + _EXAMPLE.format("exclude 'Mika Meier'"),
)  # fmt: skip
