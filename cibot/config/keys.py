"""What the models know of a path in the file: its keys, and which are secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_origin
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from cibot.config.lines import KeyPath
from cibot.config.models import Config
from cibot.config.values import kinds_in

FILE = "_file"
RENAMED = {(part, "beside"): "others" for part in ("branch", "silent_branch", "branch_coverage")}
"""Keys below ``[judgement]`` that had another name in an earlier version: the present name."""
GONE = {("web", "threads"): "each Gerrit's webhooks have one thread now; take it out"}
"""Keys of a section that an earlier version had, and why they say nothing any more."""


def sections(model: type[BaseModel] = Config) -> Iterator[tuple[str, type[BaseModel], bool]]:
    """Name (``judgement.success``), model, and whether it is a list, of every section."""
    for name, field in model.model_fields.items():
        section = model_in(field.annotation)
        if section:
            yield name, section, is_list(field)
            for inner, inner_model, many in sections(section):
                yield f"{name}.{inner}", inner_model, many


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, alone or many of."""
    for kind in kinds_in(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def is_secret(field: FieldInfo) -> bool:
    return SecretStr in kinds_in(field.annotation)


def field_at(path: KeyPath) -> FieldInfo | None:
    """The field that a path leads to (or into, when it is a list), or None."""
    model: type[BaseModel] | None = Config
    field: FieldInfo | None = None
    for part in path:
        if isinstance(part, int):
            continue
        if model is None or part not in model.model_fields:
            return None
        field = model.model_fields[part]
        model = model_in(field.annotation)
    return field


def known_keys(path: KeyPath) -> list[str]:
    """The keys that may stand in the section at ``path``, ``*_file`` keys among them."""
    model: type[BaseModel] | None = Config
    if path:
        field = field_at(path)
        model = model_in(field.annotation) if field else None
    if model is None:
        return []
    fields = model.model_fields
    return [*fields, *(name + FILE for name, field in fields.items() if is_secret(field))]


def entries(tables: Mapping[str, Any], name: str) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The entries of ``[[name]]`` that are tables, with their paths."""
    rows = tables.get(name)
    if isinstance(rows, list):
        for index, entry in enumerate(rows):
            if isinstance(entry, dict):
                yield (name, index), entry


def secrets_in(config: Config) -> dict[KeyPath, str]:
    """Every secret that the configuration gives, by its path."""
    secrets: dict[KeyPath, str] = {}

    def gather(path: KeyPath, value: object) -> None:
        if isinstance(value, SecretStr):
            if not value.get_secret_value().startswith("sqlite:"):  # the path of a file
                secrets[path] = value.get_secret_value()
        elif isinstance(value, BaseModel):
            for name in value.model_fields_set:
                gather((*path, name), getattr(value, name))
        elif isinstance(value, tuple):
            for index, entry in enumerate(value):
                gather((*path, index), entry)

    gather((), config)
    return dict(sorted(secrets.items(), key=str))


def secret_values(config: Config) -> list[str]:
    """What a log must mask; of a database's URL that is the password in it."""
    masked = [value for path, value in secrets_in(config).items() if path != ("store", "url")]
    password = urlsplit(config.store.url.get_secret_value()).password
    return [*masked, password, unquote(password)] if password else masked


def spell(path: KeyPath) -> str:
    """``gerrit[0].poll_every``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
