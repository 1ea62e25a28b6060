"""``cibot slack manifest``: the Slack app, described so that Slack can create it."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import click

from cibot.chat.slack.manifest import app_manifest


@click.group()
def slack() -> None:
    """Sets up the Slack app."""


@slack.command()
@click.option("--url", metavar="URL", help="Where Slack reaches this cibot over https.")
@click.option("--socket", is_flag=True, help="Socket Mode: for a cibot that Slack cannot reach.")
@click.option(
    "--network", default="slack", show_default=True, help="[[slack]] name, as configured."
)
@click.option("--name", default="cibot", show_default=True, help="What the bot is called in Slack.")
@click.option("--command", default="/ci", show_default=True, help="The slash command.")
@click.option("--charts", is_flag=True, help="Also the scope for pictures below alerts.")
def manifest(
    url: str | None, socket: bool, network: str, name: str, command: str, charts: bool
) -> None:
    """Prints the app manifest (JSON) to paste at https://api.slack.com/apps.

    Create New App, From a manifest, JSON. Example:

        cibot slack manifest --url https://cibot.example.org --network work
    """
    if bool(url) == socket:
        raise click.UsageError("give either --url URL, where Slack reaches cibot, or --socket")
    if not 1 <= len(name) <= 35:
        raise click.BadParameter("Slack wants 1 to 35 characters", param_hint="--name")
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", command):
        raise click.BadParameter(
            "write a slash and at most 31 small letters, digits, - or _", param_hint="--command"
        )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", network):
        raise click.BadParameter("write it as in [[slack]] name", param_hint="--network")
    base = f"{_base(url)}/webhooks/slack/{network}" if url else None
    made = app_manifest(base, name=name, command=command, charts=charts)
    click.echo(json.dumps(made, indent=2))


def _base(url: str) -> str:
    parts = urlsplit("" if "[" in url else url)  # Slack reaches names; a half of [::1] is no URL
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise click.BadParameter(
            "Slack posts to https://HOST[/PATH] only; without such an address use --socket",
            param_hint="--url",
        )
    return url.rstrip("/")
