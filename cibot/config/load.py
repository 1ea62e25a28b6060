"""Reads the configuration: the file, the environment, the secrets' files; then checks it all."""

from __future__ import annotations

import logging
import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from cibot.config.checks import contradictions, cross_check, doubts
from cibot.config.environment import overlay, resolve
from cibot.config.keys import GONE, RENAMED, entries, secrets_in, spell
from cibot.config.lines import KeyPath, line_of
from cibot.config.mistakes import Mistake, from_pydantic
from cibot.config.models import DATABASE, Config
from cibot.config.networks import kinds
from cibot.config.values import is_loopback
from cibot.errors import ConfigError

_LARGEST = 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that is right, and what its writer should still look at."""

    config: Config
    warnings: tuple[str, ...] = ()


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration in ``path`` (None: none) with ``CIBOT_…`` variables laid over it.

    Warnings go to the log. Raises ConfigError with every mistake, one a line:
    file, line, key, what is wrong and what to write instead.
    """
    loaded = read(path, environ)
    for warning in loaded.warnings:
        _log.warning("%s", warning)
    return loaded.config


def read(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Like `load`, with the warnings as texts."""
    text = _text(path) if path else ""
    tables = _tables(path, text)
    origins, mistakes = overlay(tables, environ)
    earlier = [*_take_out(tables), *_rename(tables, origins)]
    folder = path.parent if path else Path()
    secrets = resolve(tables, folder)
    source = _Source(path, text, origins, secrets.read_from)
    mistakes += [*secrets.mistakes, *_resolve_paths(tables, folder), *cross_check(tables)]
    mistakes += _resolve_database(tables, folder)
    try:
        config = Config.model_validate(tables)
    except ValidationError as error:
        mistakes += [m for m in from_pydantic(error) if m.path not in secrets.unread]
    else:
        mistakes += contradictions(config)
    if mistakes:
        raise ConfigError(_listed(source.tell(mistakes)))
    warnings = [*earlier, *secrets.warnings, *_weak_secrets(config), *doubts(config)]
    if path:
        warnings += _open_secrets(path, config, secrets.read_from, origins)
    return Loaded(config, tuple(source.tell(warnings)))


def _text(path: Path) -> str:
    raw = _bytes(path)
    if len(raw) > _LARGEST:
        raise ConfigError(
            f"{path}: is larger than 1 MiB, which no configuration is; name the right file"
        )
    try:
        return raw.decode("utf-8-sig").replace(
            "\r\n", "\n"
        )  # editors on Windows write a mark first
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: is not text in UTF-8 (byte {error.start}); save it as UTF-8"
        ) from error


def _bytes(path: Path) -> bytes:
    """The file's first bytes, one more than it may have; raises ConfigError saying what to do."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST + 1)
    except IsADirectoryError as error:
        raise ConfigError(f"{path}: is a directory; name the file in it") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{path}: cannot be read: {why}; `cibot init URL` writes a first one"
        ) from error


def _tables(path: Path | None, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{path}: brackets are nested too deeply; close each one") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        where = f"{path}:{place[1]}" if place else f"{path}:{text.count(chr(10)) or 1}"
        what = (
            str(error)[: place.start()]
            if place
            else str(error).removesuffix(" (at end of document)")
        )
        column = f" at column {place[2]}" if place else " at the end of the file"
        curly = place and set("“”„") & set(text.splitlines()[int(place[1]) - 1])
        remedy = '; quotes in TOML are straight: "' if curly else ""
        raise ConfigError(
            f"{where}: this is not TOML{column}: {what[:1].lower()}{what[1:]}{remedy}"
        ) from error


@dataclass(frozen=True, slots=True)
class _Source:
    """Where each path was written: a line of the file, or a variable."""

    file: Path | None
    text: str
    origins: dict[KeyPath, str]
    read_from: dict[KeyPath, KeyPath]

    def tell(self, mistakes: Iterable[Mistake]) -> list[str]:
        """A line for each mistake, in the order of the file; variables come last."""
        placed = {(*self._place(mistake), mistake.text) for mistake in mistakes}
        return [f"{where}: {text}" for _, where, text in sorted(placed)]

    def _place(self, mistake: Mistake) -> tuple[int, str]:
        path = self.read_from.get(mistake.path, mistake.path)
        variable = mistake.origin or self._variable(path)
        if variable:
            return sys.maxsize, f"{variable} ({spell(path)})" if path else variable
        line = line_of(self.text, path)
        name = self.file or "the configuration"
        return line or 0, f"{name}:{line}: {spell(path)}" if line else f"{name}: {spell(path)}"

    def _variable(self, path: KeyPath) -> str | None:
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return None


def _listed(mistakes: list[str]) -> str:
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    return "\n".join([f"{count} in the configuration:", *(f"  {line}" for line in mistakes)])


def _take_out(tables: dict[str, Any]) -> Iterator[Mistake]:
    """Passes over keys that an earlier version had, with a warning for each."""
    for (section, key), why in GONE.items():
        keys = tables.get(section)
        if isinstance(keys, dict) and key in keys:
            del keys[key]
            yield Mistake((section, key), why)


def _rename(tables: dict[str, Any], origins: dict[KeyPath, str]) -> Iterator[Mistake]:
    """Gives keys of an earlier version their present names, with a warning for each."""
    for path, variable in origins.items():
        old = variable.rpartition("__")[2].lower()
        if len(path) > 1 and (path[-2], old) in RENAMED:
            yield Mistake(path, f"is called `{path[-1]}` now; write that", origin=variable)
    judgement = tables.get("judgement")
    if not isinstance(judgement, dict):
        return
    overrides = ((("judgement", *path), entry) for path, entry in entries(judgement, "override"))
    for path, section in ((("judgement",), judgement), *overrides):
        for (part, old), new in RENAMED.items():
            thresholds = section.get(part)
            if isinstance(thresholds, dict) and old in thresholds:
                thresholds.setdefault(new, thresholds.pop(old))
                yield Mistake((*path, part, old), f"is called `{new}` now; write that")


def _resolve_paths(tables: dict[str, Any], folder: Path) -> list[Mistake]:
    """Makes the certificates' paths relative to the file, and sees that they are there."""
    missing = []
    client = tables.get("client")
    places = [
        place
        for section in ("gerrit", *(kind.section for kind in kinds()))
        for place in entries(tables, section)
    ]
    if isinstance(client, dict):
        places.append((("client",), client))
    for path, entry in places:
        for key in ("ca_file", "client_cert"):
            name = entry.get(key)
            if not isinstance(name, str) or not name or "\0" in name:
                continue
            file = folder / name
            entry[key] = str(file)
            if not os.path.isfile(file):  # noqa: PTH113 - false also where a name is too long
                missing.append(Mistake((*path, key), f"there is no file {file}"))
    return missing


_SQLITE = re.compile(r"(sqlite:///)(?!:memory:)([^/?][^?]*)(.*)", re.DOTALL)


def _resolve_database(tables: dict[str, Any], folder: Path) -> Iterator[Mistake]:
    """Makes an SQLite file's path relative to the configuration file, and absolute.

    The path used to be relative to the working directory: a database that is found there is
    reported as a mistake instead of being ignored.
    """
    section = tables.setdefault("store", {})
    if not isinstance(section, dict):
        return
    url = section.get("url", DATABASE)
    address = _SQLITE.fullmatch(url) if isinstance(url, str) else None
    if address is None:
        return
    file, before = (os.path.abspath(place / address[2]) for place in (folder, Path()))  # noqa: PTH100 - Path.resolve follows links
    section["url"] = f"{address[1]}{file}{address[3]}"
    if file != before and os.path.isfile(before) and not os.path.exists(file):  # noqa: PTH110, PTH113 - a path that cannot be looked at is no database here
        yield Mistake(
            ("store", "url"),
            f"a relative path goes by the configuration file: {file} is not there and {before} is;"
            f' move it, or write "sqlite:///{before}"',
        )


def _open_secrets(
    path: Path, config: Config, read_from: Iterable[KeyPath], origins: Iterable[KeyPath]
) -> list[Mistake]:
    """A warning when everybody on the host can read the secrets in the file itself."""
    elsewhere = {*read_from, *origins}
    for place in secrets_in(config):
        if place not in elsewhere and path.stat().st_mode & stat.S_IROTH:
            return [
                Mistake(
                    place,
                    f"everybody on this host can read this secret; chmod 600 {path}, "
                    f"or keep it in a file of its own (`{place[-1]}_file`)",
                )
            ]
    return []


def _weak_secrets(config: Config) -> list[Mistake]:
    """A warning for each password that would go unencrypted, and for the example's token."""
    warnings = []
    for index, server in enumerate(config.gerrit):
        if (
            server.password
            and server.url.scheme == "http"
            and not is_loopback(server.url.host or "")
        ):
            text = "sends its password in clear over http://; write https://"
            warnings.append(Mistake(("gerrit", index, "url"), text))
        token = server.webhook_token.get_secret_value() if server.webhook_token else ""
        if token.startswith("0" * 16):
            text = "everybody knows the example's token; `openssl rand -hex 24` makes one"
            warnings.append(Mistake(("gerrit", index, "webhook_token"), text))
    warnings += _clear_database(config)
    client = config.client
    asked = client.url
    if client.token and asked and asked.scheme == "http" and not is_loopback(asked.host or ""):
        text = "sends its token in clear over http://; write https://"
        warnings.append(Mistake(("client", "url"), text))
    for kind in kinds():
        for index, network in enumerate(kind.networks(getattr(config, kind.section))):
            warnings += [
                Mistake((kind.section, index, key), text) for key, text in network.warnings()
            ]
    return warnings


def _clear_database(config: Config) -> list[Mistake]:
    """A warning where the database's password crosses a network without TLS."""
    url = urlsplit(config.store.url.get_secret_value())
    asks_tls = any(key.startswith("ssl") for key in parse_qs(url.query))
    if not url.password or asks_tls or not url.hostname or is_loopback(url.hostname):
        return []
    text = (
        "what is stored goes over the network in clear; add ?ssl_ca=/path/to/ca.pem where the"
        " network is not your own"
    )
    return [Mistake(("store", "url"), text)]
