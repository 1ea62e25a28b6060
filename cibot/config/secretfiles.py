"""``password_file`` and its like: a secret kept in a file of its own."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cibot.config.keys import FILE, entries, is_list, is_secret, model_in
from cibot.config.lines import KeyPath
from cibot.config.mistakes import Mistake
from cibot.config.models import Config
from cibot.errors import ConfigError

_LARGEST = 64 * 1024


@dataclass(slots=True)
class SecretFiles:
    """The result of reading the secrets' files.

    ``read_from`` leads from a secret's path to that of its ``*_file`` key; ``unread`` are the
    secrets that could not be read, listed in ``mistakes``.
    """

    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    read_from: dict[KeyPath, KeyPath] = field(default_factory=dict)
    unread: set[KeyPath] = field(default_factory=set)


def resolve(tables: dict[str, Any], folder: Path) -> SecretFiles:
    """Puts the content of every ``*_file`` in its secret's place.

    A path is relative to ``folder``. A secret that cannot be read is left
    empty in ``tables``, so that it does not count as missing as well.
    """
    files = SecretFiles()
    for path, table, secret in list(_secrets(tables)):
        key = secret + FILE
        if key not in table:
            continue
        name = table.pop(key)
        at, target = (*path, key), (*path, secret)
        if secret in table:
            files.mistakes.append(Mistake(at, f"give `{secret}` or `{key}`, not both"))
            continue
        files.read_from[target] = at
        try:
            table[secret] = _content(name, folder)
        except _Unread as error:
            files.mistakes.append(Mistake(at, str(error)))
            files.unread.add(target)
            table[secret] = ""
            continue
        if (folder / name).stat().st_mode & stat.S_IROTH:
            files.warnings.append(
                Mistake(at, f"everybody on this host can read {folder / name}; chmod 600 it")
            )
    return files


class _Unread(ConfigError):
    """The file cannot be used; the text says why and names it."""


def _content(name: object, folder: Path) -> str:
    if not isinstance(name, str) or not name or "\0" in name:
        raise _Unread("write the path of a file in quotes")
    path = folder / name
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        hint = "; ~ and variables are not replaced here" if set("~$") & set(name) else ""
        raise _Unread(f"cannot read {path}: {error.strerror or error}{hint}") from error
    except UnicodeDecodeError as error:
        raise _Unread(f"{path} is not text in UTF-8") from error
    if not text.strip() or len(raw) > _LARGEST:
        raise _Unread(f"{path} is {'too large for a secret' if text.strip() else 'empty'}")
    if not text.replace("\n", "").replace("\r", "").isprintable():
        raise _Unread(f"{path} holds characters that no keyboard writes; is it the right file?")
    return text


def _secrets(tables: dict[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any], str]]:
    """Where the configuration may hold a secret: the table's path, the table, the secret's key."""
    for name, top in Config.model_fields.items():
        section = model_in(top.annotation)
        if section is None:
            continue
        if is_list(top):
            for path, entry in entries(tables, name):
                yield from ((path, entry, key) for key in _keys(section))
        elif isinstance(tables.get(name), dict):
            yield from (((name,), tables[name], key) for key in _keys(section))


def _keys(section: type[BaseModel]) -> list[str]:
    return [key for key, field in section.model_fields.items() if is_secret(field)]
