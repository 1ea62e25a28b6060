"""``cibot poll`` and ``cibot backfill``: reading Gerrit once, from the command line."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from cibot.bootstrap import GerritSource, make_source, open_migrated
from cibot.cli.common import config_option, log_as_configured, read_config, when_asked_to_end
from cibot.cli.progress import read_history
from cibot.daemon import memory_settings
from cibot.errors import UserError
from cibot.store.engine import Store
from cibot.text.cleaning import clean


def _opened(config_path: Path | None, server: str | None) -> tuple[Store, list[GerritSource]]:
    config = read_config(config_path).config
    log_as_configured(config, "warning" if config.log.level == "info" else None)
    chosen = [gerrit for gerrit in config.gerrit if server in {None, gerrit.name}]
    if not chosen:
        servers = ", ".join(gerrit.name for gerrit in config.gerrit) or "none"
        raise UserError(f"no [[gerrit]] is named {server!r}; the configuration has: {servers}")
    store = open_migrated(config)
    sources = [make_source(config, gerrit, store) for gerrit in chosen]
    for source in sources:
        source.ingest.sync_roster()
    memory_settings.settle()
    return store, sources


def _tell(source: GerritSource, said: str, broken: Iterable[object]) -> None:
    """What was read of a server, and what could not be read."""
    click.echo(f"{source.config.name}: {said}")
    for reason in broken:
        click.echo(clean(f"  could not be read: {reason}"), err=True)


@click.command()
@click.option("--server", metavar="NAME", help="Only this [[gerrit]]. Default: all.")
@config_option
def poll(config_path: Path | None, server: str | None) -> None:
    """Read what moved on Gerrit since the last poll, once.

    \b
    Example:
      cibot poll --config config/cibot.toml
    """
    store, sources = _opened(config_path, server)
    for source in sources:
        polled = source.poll()
        counts = polled.counts
        said = f"{counts.comments_new} new comments, {counts.reports_new} reports"
        _tell(source, f"{counts.changes} changes, {said}", polled.broken)
    store.close()


@click.command("backfill")
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Read changes updated from this day (UTC) on.",
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Up to this day. Default: now.")
@click.option("--project", metavar="P", help="Only this project. Default: all.")
@click.option("--server", metavar="NAME", help="Only this [[gerrit]]. Default: all.")
@click.option("--rate", default=2.0, show_default=True, help="At most so many requests a second.")
@config_option
def backfill_command(
    config_path: Path | None,
    since: datetime,
    until: datetime | None,
    project: str | None,
    server: str | None,
    rate: float,
) -> None:
    """Read history. Interrupted, the same command goes on where it was.

    \b
    Example:
      cibot backfill --since 2026-10-26
    """
    if rate <= 0:
        raise UserError("--rate must be more than 0 requests a second")
    store, sources = _opened(config_path, server)
    stop = threading.Event()
    when_asked_to_end(stop.set)
    span = (since.replace(tzinfo=UTC), until.replace(tzinfo=UTC) if until else None)
    for source in sources:
        backfilled = read_history(source, *span, project, rate=rate, stop=stop)
        resumed = " (went on from where it was)" if backfilled.resumed else ""
        counts = backfilled.counts
        said = f"{counts.comments_new} new comments, {counts.reports_new} reports{resumed}"
        _tell(source, said, backfilled.broken)
    store.close()
