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


def _do(config_path: Path | None, action: _Action, name: str, said: str) -> None:
    ctx = Context(datetime.now(UTC), read_config(config_path).config)
    with configured_store(config_path) as store:
        done = store.write(lambda tx: action(tx, ctx, shell_actor(), name))
    click.echo(said.format(done))


@command.command("retire")
@click.argument("name")
@config_option
def retire_command(config_path: Path | None, name: str) -> None:
    """Judge, list and tell of a CI no more; its history stays.

    \b
    Example:
      cibot ci retire 'Old Vendor CI'
    """
    _do(config_path, retire, name, "{} is retired; `cibot ci unretire` has it judged again.")


@command.command("unretire")
@click.argument("name")
@config_option
def unretire_command(config_path: Path | None, name: str) -> None:
    """Judge a retired CI again.

    \b
    Example:
      cibot ci unretire 'Old Vendor CI'
    """
    _do(config_path, unretire, name, "{} is judged again.")


@command.command("exclude")
@click.argument("name")
@config_option
def exclude_command(config_path: Path | None, name: str) -> None:
    """Forget a CI that is none, with its incidents, and never take its accounts for one.

    `not_cis` under [[gerrit]] says the same in the configuration.

    \b
    Example:
      cibot ci exclude 'Mika Meier'
    """
    _do(config_path, exclude, name, "{} is no CI any more, and its incidents are gone.")
