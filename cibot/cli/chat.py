"""``cibot chat``: asks the configured database as a chat would, on a terminal."""

from __future__ import annotations

from pathlib import Path

import click

from cibot.chat.console import ConsoleBackend
from cibot.chat.dispatch import Dispatcher
from cibot.cli.common import config_option, configured_store, read_config


@click.command("chat")
@config_option
def command(config_path: Path | None) -> None:
    """Ask the chat's commands on this terminal.

    Answers come from the configured database; nothing is sent anywhere. Ends
    with quit, or at the end of the input.

    \b
    Example:
      echo 'status netapp' | cibot chat
    """
    config = read_config(config_path).config
    console = ConsoleBackend(interactive=True)
    with configured_store(config_path) as store:
        console.start(Dispatcher(store, config))
        try:
            console.ended.wait()
        finally:
            console.stop(2)
