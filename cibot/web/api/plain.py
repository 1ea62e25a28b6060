"""Answers of the query layer as plain JSON values and back, and their JSON Schema. Pure.

All follow the same rules, so that the document cannot promise what the answer
does not hold: a dataclass is an object of its fields and of its properties;
times are ISO 8601 in UTC with a Z; lengths of time are seconds, and their names
end in ``_s``. What a client reads is what the server's query layer returned: keys that
this version does not know are passed over, and an absent one has its default, so that
neighbouring versions understand each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from cibot.config.keys import spell
from cibot.errors import Permanent
from cibot.health.signal import Evidence, Signal
from cibot.incidents import signal_words as words

OMITTED = {name: frozenset({"signals", "branches"}) for name in ("CiLine", "CiItem")}
"""Fields that no list repeats: signals with their evidence, and branches: a CI's own has them."""

WORDS: dict[type, dict[str, Callable[[Any], str]]] = {
    Signal: {
        "said": lambda signal: words.said(signal.seen),
        "threshold": lambda signal: words.threshold_words(signal.seen),
    },
    Evidence: {"said": lambda evidence: words.fault_words(evidence.fault)},
}
"""Words that answers have in addition to the figures."""

_WORDS: dict[type, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    timedelta: {"type": "number", "description": "seconds"},
}


def plain(value: Any) -> Any:
    """``value`` as what `json.dumps` can write."""
    for kinds, written in _WRITTEN:
        if isinstance(value, kinds):
            return written(value)
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return {key: plain(shown_value(value, name)) for name, key, _kind in members(value.__class__)}


def shown_value(value: Any, name: str) -> Any:
    """The value of a field or property of an answer, or the words for it."""
    worded = WORDS.get(value.__class__, {}).get(name)
    return getattr(value, name) if worded is None else worded(value)


def written(body: Any) -> bytes:
    """Plain values as a line of JSON."""
    return (json.dumps(body, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def moment(value: datetime) -> str:
    """As "2026-11-23T04:10:00Z", with microseconds where there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


# An enum is a string too, and a datetime a date: the narrower comes first.
_WRITTEN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: value.value),
    ((NoneType, str, int, float), lambda value: value),
    (datetime, moment),
    (date, date.isoformat),
    (timedelta, timedelta.total_seconds),
    (Mapping, lambda value: {str(plain(key)): plain(item) for key, item in value.items()}),
    ((list, tuple, set, frozenset), lambda value: [plain(item) for item in value]),
)


@cache
def members(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """(attribute, key in JSON, type) of each field, property and word of the answer."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if not name.startswith("_")}
    for base in kind.__mro__:
        for name, value in vars(base).items():
            if isinstance(value, property) and not name.startswith("_"):
                hints[name] = get_type_hints(value.fget)["return"]
    hints |= dict.fromkeys(WORDS.get(kind, ()), str)
    left = OMITTED.get(kind.__name__, frozenset())
    return tuple(
        (name, f"{name}_s" if timedelta in {hint, *get_args(hint)} else name, hint)
        for name, hint in hints.items()
        if name not in left
    )


def schema_of(kind: Any, shared: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of `plain`'s output; schemas of objects are added to ``shared``."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if kind in _WORDS:
        return dict(_WORDS[kind])
    if get_origin(kind) is not None:
        return _composed(get_origin(kind), get_args(kind), shared)
    return _object_schema(kind, shared)


def _composed(origin: Any, arguments: Any, shared: dict[str, Any]) -> dict[str, Any]:
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin in {Union, UnionType}:
        return {"anyOf": [schema_of(argument, shared) for argument in arguments]}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], shared)}
    return {"type": "array", "items": schema_of(arguments[0], shared)}


def _object_schema(kind: type, shared: dict[str, Any]) -> dict[str, Any]:
    if not is_dataclass(kind):
        raise TypeError(f"{kind} has no form in JSON Schema")
    reference = {"$ref": f"#/components/schemas/{kind.__name__}"}
    if kind.__name__ in shared:
        return reference
    shared[kind.__name__] = {}  # holds the place, should a kind hold itself
    shown = members(kind)
    shared[kind.__name__] = {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {key: schema_of(kind_of, shared) for _name, key, kind_of in shown},
        "required": [key for _name, key, _kind in shown],
        "additionalProperties": False,
    }
    return reference


T = TypeVar("T")


class Foreign(Permanent):
    """JSON that does not hold what the type promises; the text names the place."""


def typed(kind: type[T], body: Any) -> T:
    """What `plain` wrote, as a ``kind`` again. Raises Foreign.

    Fields that answers leave out are empty.
    """
    try:
        read: T = _adapter(kind).validate_json(json.dumps(_by_field(body)), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = spell(("the answer", *first["loc"]))
        raise Foreign(f"{place}: {first['msg']}") from error
    return read


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def _by_field(body: Any) -> Any:
    """The values under the names of their fields: a length of time also without its ``_s``.

    Maps have states and days as keys, so no key of a map is mistaken for a length of time. A
    signal's own figures may get such a second key; nothing reads it.
    """
    if isinstance(body, list):
        return [_by_field(item) for item in body]
    if not isinstance(body, dict):
        return body
    values = {key: _by_field(value) for key, value in body.items()}
    lengths = {key: _duration(value) for key, value in values.items() if key.endswith("_s")}
    return {key.removesuffix("_s"): value for key, value in lengths.items()} | values


def _duration(seconds: Any) -> Any:
    """As ISO 8601 has it, which is what pydantic reads strictly."""
    if not isinstance(seconds, int | float):
        return seconds
    return f"{'-' if seconds < 0 else ''}PT{abs(seconds):f}S"
