"""``cibot audit``: who changed what."""

from __future__ import annotations

from pathlib import Path

import click

from cibot.cli.common import config_option, configured_store
from cibot.store.audit import AuditRow, last_audit
from cibot.text.cleaning import clean, one_line


@click.command()
@config_option
@click.option(
    "--last", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N",
    help="How many.",
)  # fmt: skip
def command(config_path: Path | None, last: int) -> None:
    """Show who silenced, acknowledged, watched, retried or dropped what, newest first.

    Times are UTC.

    \b
    Example:
      cibot audit --last 20
    """
    with configured_store(config_path) as store:
        rows = store.read(lambda tx: last_audit(tx, limit=last))
    for row in rows:
        click.echo(clean(line(row)))
    if not rows:
        click.echo("no one has changed anything yet")


def line(row: AuditRow) -> str:
    """When, who, where, the command and what came of it."""
    who = f"{row.network}:{row.account}" if row.account else f"{row.network} (unidentified)"
    nick = f" ({row.nick})" if row.nick not in {row.account, "you"} else ""
    return one_line(
        f"{row.at:%Y-%m-%d %H:%M:%S}  {who}{nick} in {row.room}: {row.what} {row.arguments}"
        f" → {row.outcome}"
    )
