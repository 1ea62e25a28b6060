"""What the commands share: which configuration, and reading it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cibot.errors import ConfigError

if TYPE_CHECKING:
    from cibot.configfile import Loaded

PLACES = (Path("config/cibot.toml"), Path("/etc/cibot/cibot.toml"))
VARIABLE = "CIBOT_CONFIG"
Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """``--config PATH``; the command takes ``config_path: Path | None`` for `read_config`."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PATH",
        help=f"The configuration. Default: ${VARIABLE}, {PLACES[0]}, {PLACES[1]}.",
    )(command)


def find_config(chosen: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read; None when there is none but variables give the configuration.

    Raises ConfigError when there is neither.
    """
    if chosen:
        return chosen
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE])
    for place in PLACES:
        if place.exists():
            return place
    if any(name.startswith("CIBOT_") and "__" in name for name in environ):
        return None
    raise ConfigError(
        f"there is no configuration: neither {PLACES[0]} nor {PLACES[1]} exists. "
        "`cibot init URL` writes a first one; name another with --config"
    )


def read_config(chosen: Path | None, environ: Mapping[str, str] | None = None) -> Loaded:
    """Finds and reads the configuration. Raises ConfigError with every mistake."""
    from cibot.configfile import read  # noqa: PLC0415 - pydantic is slow for `cibot --help`

    environ = os.environ if environ is None else environ
    return read(find_config(chosen, environ), environ)
