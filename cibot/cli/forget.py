"""``cibot forget``: takes away what a webhook brought while others knew its token."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from cibot.actions.recording import record
from cibot.bootstrap import utc_now
from cibot.cli.common import config_option, configured_store, shell_actor
from cibot.collector.forgetting import forget_events
from cibot.errors import UserError
from cibot.store.cis import server_urls
from cibot.text import figures


@click.command()
@click.argument("server")
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    help="From when on, in UTC.",
)
@config_option
def command(config_path: Path | None, server: str, since: datetime) -> None:
    """Take away what SERVER's webhook brought since then and Gerrit has not confirmed.

    Give the webhook another token first. Reports and what was judged by them go, too; what
    was true comes back with the next polls.

    \b
    Example:
      cibot forget review --since 2026-11-23T09:00
    """
    with configured_store(config_path) as store:
        names = {name: row_id for row_id, (name, _url) in store.read(server_urls).items()}
        if server not in names:
            raise UserError(f"there is no server {server!r}; known are {', '.join(sorted(names))}")
        gone = forget_events(store, names[server], since.replace(tzinfo=UTC), utc_now)
        cis = f" and {figures.plural(len(gone.cis), 'CI')}" if gone.cis else ""
        said = f"{figures.plural(gone.comments, 'comment')}{cis} of events forgotten"
        store.write(
            lambda tx: record(tx, shell_actor(), "forget", f"{server} {since}", said, utc_now())
        )
    click.echo(said)
