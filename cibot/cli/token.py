"""``cibot token NAME``: makes a token for the API."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from pydantic import ValidationError

from cibot.config.models import TokenConfig
from cibot.web.tokens import hash_of, new_token

_ROLES = ("reader", "owner", "admin")


@click.command()
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), default="reader", show_default=True)
@click.option(
    "--owns", multiple=True, metavar="PATTERN", help="With --role owner: CIs, like 'Acme*'."
)
@click.option(
    "--hash", "from_input", is_flag=True, help="Take a token from standard input instead."
)
def command(name: str, role: str, owns: tuple[str, ...], from_input: bool) -> None:
    """Make a token for the API and print what to write into the configuration.

    The token itself is shown once and kept nowhere; the configuration holds its
    hash. The holder sends it as `Authorization: Bearer TOKEN`.

    \b
    cibot token grafana
    cibot token acme-tools --role owner --owns 'Acme*'
    """
    if (role == "owner") != bool(owns):
        raise click.UsageError("an owner needs --owns PATTERN, and no other role takes it")
    token = sys.stdin.readline().strip() if from_input else new_token()
    section: dict[str, Any] = {"name": name, "hash": hash_of(token), "role": role}
    if owns:
        section["owns"] = list(owns)
    _check(section, token)
    if not from_input:
        click.echo(f"The token, shown this once:\n\n    {token}\n\nFor the configuration:\n")
    click.echo("[[token]]")
    for key, value in section.items():
        click.echo(f"{key} = {json.dumps(value, ensure_ascii=False)}")


def _check(section: dict[str, Any], token: str) -> None:
    """What the configuration would refuse is refused here."""
    try:
        TokenConfig.model_validate({**section, "hash": None, "secret": token})
        TokenConfig.model_validate(section)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise click.UsageError(
            f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}"
        ) from error
