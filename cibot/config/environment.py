"""``CIBOT_…`` variables: laid over the tables of the file.

``CIBOT_STORE__URL`` is ``url`` of ``[store]``; ``CIBOT_GERRIT__OPENDEV__PASSWORD``
is ``password`` of the ``[[gerrit]]`` whose name is ``opendev``, and so is
``CIBOT_GERRIT__0__PASSWORD`` where it is the first. Two underscores stand
between the parts; in a name, what is no letter or digit becomes one underscore.
A number one past the last entry adds an entry, so that a container can do
without a file. A list is written with commas or as TOML (``["a", "b"]``).
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cibot.config.keys import (
    FILE,
    GONE,
    RENAMED,
    entries,
    field_at,
    is_list,
    is_secret,
    known_keys,
    model_in,
)
from cibot.config.lines import KeyPath
from cibot.config.mistakes import Mistake, suggest
from cibot.config.models import Config
from cibot.config.values import unquoted
from cibot.errors import ConfigError

PREFIX = "CIBOT_"
OF_ASKING = frozenset({"CIBOT_URL", "CIBOT_TOKEN", "CIBOT_TOKEN_FILE", "CIBOT_CA_FILE"})
"""Variables of the commands that ask a server; they are no part of the configuration."""


def overlay(
    tables: dict[str, Any], environ: Mapping[str, str]
) -> tuple[dict[KeyPath, str], list[Mistake]]:
    """Puts the variables' values into ``tables``.

    Returns which variable each path came from, and the mistakes in their
    names. Variables that belong to nothing in the file (``CIBOT_CONFIG``) are
    left alone.
    """
    origins: dict[KeyPath, str] = {}
    mistakes: list[Mistake] = []
    for name in sorted(environ, key=_natural):
        if _in_small_letters(name) and environ[name]:
            text = f"is not read: write its name in capitals, {name.upper()}"
            mistakes.append(Mistake((), text, origin=name))
        if not name.startswith(PREFIX) or name in OF_ASKING or not environ[name]:
            continue
        parts = name.removeprefix(PREFIX).split("__")
        try:
            path = _path(tables, parts)
        except _UnknownName as unknown:
            mistakes.append(Mistake((), str(unknown), origin=name))
            continue
        if path:
            _put(tables, path, environ[name])
            origins[path] = name
    return origins, mistakes


def _in_small_letters(name: str) -> bool:
    """Whether a variable would be one of ours in capitals (``cibot_store__url``)."""
    upper = name.upper()
    return name != upper and upper.startswith(PREFIX) and "__" in upper


class _UnknownName(ConfigError):
    """The name of a variable leads to no key; the text says what is wrong and which keys exist."""


def _natural(name: str) -> list[tuple[int, str]]:
    """2 sorts before 10, so that new entries are added in their order."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() and len(part) < 9 else (-1, part)
        for part in name.split("__")
    ]


def _path(tables: dict[str, Any], parts: list[str]) -> KeyPath | None:
    """The path that a variable means; None when it is not about the configuration."""
    top = {name.upper(): name for name in Config.model_fields}
    section = top.get(parts[0])
    if section is None:
        if len(parts) > 1:
            raise _UnknownName("there is no such section" + suggest(parts[0], top))
        _near_miss(parts[0], top)
        return None
    field = Config.model_fields[section]
    if model_in(field.annotation) is None:
        if len(parts) > 1:
            raise _UnknownName(f"`{section}` has no parts; write {PREFIX}{parts[0]}")
        return (section,)
    inner: KeyPath = (section,)
    keys = parts[1:]
    if is_list(field):
        if len(parts) < 2:
            raise _UnknownName(f"write {PREFIX}{parts[0]}__NAME__KEY or {PREFIX}{parts[0]}__0__KEY")
        inner = (section, _index(tables, section, parts[1]))
        keys = parts[2:]
    return _inner(inner, keys)


def _inner(path: KeyPath, keys: list[str]) -> KeyPath:
    for key in keys:
        if (*path, key.lower()) in GONE:
            return (*path, key.lower())
        by_name = {name.upper(): name for name in known_keys(path)}
        name = RENAMED.get((str(path[-1]), key.lower()), by_name.get(key))
        if name is None:
            raise _UnknownName("there is no such key" + suggest(key, by_name))
        path = (*path, name)
    if not keys or known_keys(path):
        raise _UnknownName("the name ends too early: it needs the key after two underscores")
    return path


def _near_miss(word: str, top: Mapping[str, str]) -> None:
    """One underscore where two belong would else be passed over in silence."""
    for section in top:
        rest = word.removeprefix(section + "_")
        if rest != word and model_in(Config.model_fields[top[section]].annotation):
            raise _UnknownName(
                f"write two underscores between the parts: {PREFIX}{section}__{rest}"
            )


def _index(tables: dict[str, Any], section: str, word: str) -> int:
    there = tables.setdefault(section, [])
    if not isinstance(there, list):
        raise _UnknownName(f"`{section}` in the file is not a list of sections")
    if word.isascii() and word.isdigit() and len(word) < 9:
        if int(word) > len(there):
            raise _UnknownName(
                f"there are {len(there)} [[{section}]]; the next is number {len(there)}"
            )
        if int(word) == len(there):
            there.append({})
        return int(word)
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in there]
    spelt = [
        re.sub(r"[^A-Z0-9]", "_", name.upper()) if isinstance(name, str) else "" for name in names
    ]
    if spelt.count(word) == 1:
        return spelt.index(word)
    if word in spelt:
        raise _UnknownName(f"more than one [[{section}]] is spelt {word}; use its number, from 0")
    raise _UnknownName(f"no [[{section}]] has that name" + suggest(word, filter(None, spelt)))


def _put(tables: dict[str, Any], path: KeyPath, text: str) -> None:
    place: Any = tables
    for part in path[:-1]:
        place = place[part] if isinstance(part, int) else place.setdefault(part, {})
        if not isinstance(place, dict | list):
            return  # the file has something else there, which is reported as the file's mistake
    key = str(path[-1])
    place[key] = _value(path, text)
    # a variable outdoes the file also where one gives the secret and the other its file
    twin = key.removesuffix(FILE) if key.endswith(FILE) else key + FILE
    twin_field = field_at((*path[:-1], key.removesuffix(FILE)))
    if twin_field and is_secret(twin_field):
        place.pop(twin, None)


def _value(path: KeyPath, text: str) -> Any:
    field = field_at(path)
    if field is None:
        return text
    if not is_list(field):
        return unquoted(field.annotation, text)
    if text.lstrip().startswith("["):
        try:
            return tomllib.loads(f"v = {text}")["v"]
        except tomllib.TOMLDecodeError:
            return text
    return [part.strip() for part in text.split(",") if part.strip()]


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
