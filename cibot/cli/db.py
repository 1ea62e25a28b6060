"""``cibot db``: the tables."""

from __future__ import annotations

from pathlib import Path

import click

from cibot.cli.common import config_option, configured_store, database_url
from cibot.store import migrate
from cibot.store.cis import all_cis
from cibot.store.engine import open_store
from cibot.store.tally import recount as recount_ci


@click.group()
def command() -> None:
    """Bring the database's tables to this version, or see which they are."""


@command.command()
@config_option
def upgrade(config_path: Path | None) -> None:
    """Make or upgrade the tables. Safe to run again; SQLite does it by itself at start.

    \b
    Example:
      cibot db upgrade
    """
    store = open_store(database_url(config_path))
    before = migrate.current(store)
    migrate.upgrade(store)
    after = migrate.current(store)
    click.echo(
        f"tables are of version {after}" + (f", were {before or 'none'}" if before != after else "")
    )


@command.command()
@config_option
def version(config_path: Path | None) -> None:
    """Show the version of the tables and the one that this cibot needs.

    \b
    Example:
      cibot db version
    """
    store = open_store(database_url(config_path))
    click.echo(f"tables: {migrate.current(store) or 'none'}; needed: {migrate.newest()}")


@command.command()
@click.argument("revision")
@click.confirmation_option(prompt="What the newer tables hold will be lost. Go on?")
@config_option
def downgrade(config_path: Path | None, revision: str) -> None:
    """Take the tables back to REVISION (`base` for none).

    \b
    Example:
      cibot db downgrade 0001 --yes
    """
    store = open_store(database_url(config_path))
    migrate.downgrade(store, revision)
    click.echo(f"tables are of version {migrate.current(store) or 'none'}")


@command.command()
@config_option
def recount(config_path: Path | None) -> None:
    """Count all reports again, and mend the counts of hours and days that differ.

    They are kept with every report, so nothing should differ unless rows were changed
    by hand. The bot may run meanwhile.

    \b
    Example:
      cibot db recount
    """
    with configured_store(config_path) as store:
        wrong = 0
        for ci in store.read(all_cis):
            mended = store.write(lambda tx, ci_id=ci.id: recount_ci(tx, ci_id))  # type: ignore[misc]
            if mended:
                click.echo(f"{ci.name}: {mended} counts were wrong and are mended")
            wrong += mended
    if not wrong:
        click.echo("every count is right")
