"""Which source is asked: that of ``--url``, ``--db`` or the configuration, in that order."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cibot.cli.common import FILE, PLACES, config_option, current_store, find_config, shell_actor
from cibot.client.database import Database
from cibot.client.remote import Remote
from cibot.client.server import TIMEOUT, Server
from cibot.client.source import Source
from cibot.config.load import read
from cibot.config.models import ClientConfig, Config
from cibot.errors import ConfigError

URL, TOKEN, TOKEN_FILE, CA_FILE = "CIBOT_URL", "CIBOT_TOKEN", "CIBOT_TOKEN_FILE", "CIBOT_CA_FILE"
OWN = Path("~/.config/cibot/cibot.toml")
_NAMES = ("url", "database", "config_path", "token_file", "ca_file")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """The values of these options; None where one is not given."""

    url: str | None = None
    database: str | None = None
    config: Path | None = None
    token_file: Path | None = None
    ca_file: Path | None = None


def source_options(command: click.Command) -> click.Command:
    """The command with the options that make a `SourceOptions`, last in its help."""
    for option in (
        click.option("--url", metavar="URL", help=f"Ask this server. Default: ${URL}."),
        click.option("--db", "database", metavar="URL", help="Ask this database directly."),
        config_option,
        click.option(
            "--token-file",
            type=FILE,
            metavar="PATH",
            help=f"The file of our token. Default: ${TOKEN_FILE}, ${TOKEN}.",
        ),
        click.option(
            "--ca-file",
            type=FILE,
            metavar="PATH",
            help=f"Trust the CA in this file. Default: ${CA_FILE}.",
        ),
    ):
        command = option(command)
    return command


def take_source_options(given: dict[str, Any]) -> SourceOptions:
    """Takes those options out of a command's parameters."""
    return SourceOptions(*(given.pop(name, None) for name in _NAMES))


def connect(
    chosen: SourceOptions,
    environ: Mapping[str, str] | None = None,
    timeout: tuple[float, float] = TIMEOUT,
) -> Source:
    """The source that answers: a server or a database.

    ``timeout`` is the server's, as for `Server`. The token of the configuration is sent only to the
    server of the configuration. Raises ConfigError for options that exclude each other or cannot be
    read.
    """
    environ = os.environ if environ is None else environ
    if chosen.url and chosen.database:
        raise ConfigError("--url and --db are two places to ask; give one of them")
    if chosen.database:
        return _database(chosen.database, _config(chosen.config, environ, needed=False))
    url = chosen.url or (None if chosen.config else environ.get(URL))
    if url:
        return _server(url, ClientConfig(), chosen, environ, timeout)
    config = _config(chosen.config, environ, needed=True)
    if config.client.url is not None:
        return _server(str(config.client.url), config.client, chosen, environ, timeout)
    return _database(config.store.url.get_secret_value(), config)


def _config(chosen: Path | None, environ: Mapping[str, str], *, needed: bool) -> Config:
    places = (*PLACES, OWN.expanduser())
    try:
        path = find_config(chosen, environ, places)
    except ConfigError as error:
        if not needed:
            return Config()
        raise ConfigError(
            f"whom to ask? Give --url http://HOST:8080 (or {URL}), --db, or a configuration"
            f" (--config, {PLACES[0]}, {OWN})"
        ) from error
    return read(path, environ).config


def _server(
    url: str,
    client: ClientConfig,
    chosen: SourceOptions,
    environ: Mapping[str, str],
    timeout: tuple[float, float],
) -> Source:
    ca_file = chosen.ca_file or client.ca_file or environ.get(CA_FILE) or None
    if ca_file is not None and not Path(ca_file).is_file():
        raise ConfigError(f"there is no file {ca_file} to trust")
    token = _token(client, chosen, environ)
    return Remote(Server(url, token, str(ca_file) if ca_file else None, timeout))


def _token(client: ClientConfig, chosen: SourceOptions, environ: Mapping[str, str]) -> str | None:
    """Ours, None where we have none; it is never repeated in an error."""
    file, where = chosen.token_file, "--token-file"
    if file is None and environ.get(TOKEN_FILE) and not environ.get(TOKEN):
        file, where = Path(environ[TOKEN_FILE]), TOKEN_FILE
    if file is not None:
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ConfigError(f"{where}: cannot read {file}: {reason}") from error
    elif environ.get(TOKEN):
        token, where = environ[TOKEN].strip(), TOKEN
    elif client.token:
        token, where = client.token.get_secret_value(), "[client] token"
    else:
        return None
    if not re.fullmatch(r"[\x21-\x7e]{1,1000}", token):
        raise ConfigError(f"{where}: that is no token; it is one word without blanks")
    return token


def _database(url: str, config: Config) -> Source:
    if "://" not in url:
        url = f"sqlite:///{url}"
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).is_file():
        raise ConfigError(
            f"there is no database {path}; `cibot db upgrade` makes it, --url asks a server"
        )
    return Database(current_store(url), config, shell_actor())
