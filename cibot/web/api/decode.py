"""Answers of the JSON API as the typed results that they were made of. Pure.

The inverse of `cibot.web.api.encode`: what a client reads is what the server's
query layer returned. Keys that this version does not know are passed over, and
an absent one has its default, so that neighbouring versions understand each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

from cibot.errors import Permanent
from cibot.web.api.encode import OMITTED, members

T = TypeVar("T")


class Foreign(Permanent):
    """JSON that does not hold what the type promises; the text names the place."""


def typed(kind: type[T], body: Any, where: str = "the answer") -> T:
    """What `plain` wrote, as a ``kind`` again. Raises Foreign.

    Fields that answers leave out are empty.
    """
    return cast("T", _read(kind, body, where))


def _read(kind: Any, body: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        return _any_of(get_args(kind), body, where)
    if origin is not None:
        return _composed(origin, get_args(kind), body, where)
    if is_dataclass(kind):
        return _object(cast("type", kind), body, where)
    wanted, read = _reader(kind)
    if not isinstance(body, wanted) or (isinstance(body, bool) and kind is not bool):
        raise _unlike(where, kind, body)
    try:
        return read(body)
    except (ValueError, OverflowError) as error:
        raise _unlike(where, kind, body) from error


_READERS: dict[Any, tuple[Any, Callable[[Any], Any]]] = {
    str: (str, str),
    int: (int, int),
    float: ((int, float), float),
    bool: (bool, bool),
    NoneType: (NoneType, lambda _none: None),
    datetime: (str, datetime.fromisoformat),
    date: (str, date.fromisoformat),
    timedelta: ((int, float), lambda seconds: timedelta(seconds=seconds)),
}


def _reader(kind: Any) -> tuple[Any, Callable[[Any], Any]]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str, kind
    return _READERS[kind]


def _any_of(kinds: tuple[Any, ...], body: Any, where: str) -> Any:
    if body is None and NoneType in kinds:
        return None
    others = [kind for kind in kinds if kind is not NoneType]
    for other in others[:-1]:
        try:
            return _read(other, body, where)
        except Foreign:
            continue
    return _read(others[-1], body, where)


def _composed(origin: Any, arguments: tuple[Any, ...], body: Any, where: str) -> Any:
    if origin is Literal:
        if body not in arguments:
            raise _unlike(where, "one of " + ", ".join(map(str, arguments)), body)
        return body
    if origin in {dict, Mapping}:
        if not isinstance(body, dict):
            raise _unlike(where, "an object", body)
        key, value = arguments
        return {
            _read(key, name, where): _read(value, one, f"{where}.{name}")
            for name, one in body.items()
        }
    if not isinstance(body, list):
        raise _unlike(where, "a list", body)
    items = (_read(arguments[0], one, f"{where}[{place}]") for place, one in enumerate(body))
    return cast("Any", origin if origin in {set, frozenset, list} else tuple)(items)


def _object(kind: type, body: Any, where: str) -> Any:
    if not isinstance(body, dict):
        raise _unlike(where, "an object", body)
    told = {name: (key, one) for name, key, one in members(kind)}
    given: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in OMITTED.get(kind.__name__, ()):
            given[field.name] = ()
            continue
        key, inner = told[field.name]
        if key in body:
            given[field.name] = _read(inner, body[key], f"{where}.{key}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Foreign(f"{where} has no {key!r}")
    return kind(**given)


def _unlike(where: str, kind: Any, body: Any) -> Foreign:
    wanted = kind if isinstance(kind, str) else f"a {getattr(kind, '__name__', kind)}"
    return Foreign(f"{where} is not {wanted} but {type(body).__name__}")
