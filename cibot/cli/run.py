"""``cibot run``: the daemon."""

from __future__ import annotations

from pathlib import Path

import click

from cibot.bootstrap import build
from cibot.chat.protocol import Backend
from cibot.cli.common import config_option, log_as_configured, read_config, when_asked_to_end
from cibot.config.models import Config
from cibot.daemon import memory_settings
from cibot.daemon.bot import Bot


@click.command()
@config_option
def command(config_path: Path | None) -> None:
    """Collect, judge, alert and answer until SIGTERM or Ctrl-C.

    \b
    Example:
      cibot run --config config/cibot.toml
    """
    loaded = read_config(config_path)
    log_as_configured(loaded.config)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    run(loaded.config)


def run(config: Config, extra: dict[str, Backend] | None = None) -> None:
    """Builds the bot and runs it until a signal asks it to stop."""
    memory_settings.share_heap()
    bot = build(config, extra)
    when_asked_to_end(bot.ask_to_stop)
    live(bot)


def live(bot: Bot) -> None:
    """Starts the bot, waits to be asked to stop, and stops it."""
    memory_settings.settle()
    try:
        bot.start()
        bot.wait()
    finally:
        bot.stop()
