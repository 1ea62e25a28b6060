"""The state of a judge as plain JSON values, for checkpoints, and back.

An object names the attributes that are its state, each with what reads its value again. The
rest of it follows from its policy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")
Read = Callable[[Any], Any]
_SCALARS = frozenset({int, float, bool, str, type(None)})


def same(value: T) -> T:
    """Reads what is plain itself."""
    return value


def part(_value: Any) -> Any:
    """Stands for an object, a list of objects or a dictionary of them that read their own state.

    Those of a dictionary are made by `Stored.new_part`; the others are there already.
    """
    raise NotImplementedError


def since(value: Any) -> float:
    """Reads a time, or minus infinity, which JSON has not."""
    return -math.inf if value is None else float(value)


def made(kind: Callable[..., T]) -> Callable[[Any], T]:
    """Reads what is made of its fields: a named tuple."""
    return lambda values: kind(*values)


def each(read: Read) -> Read:
    """Reads a list."""
    return lambda values: [read(value) for value in values]


def table(key: Read, read: Read) -> Read:
    """Reads a dictionary."""
    return lambda pairs: {key(name): read(value) for name, value in pairs}


def maybe(read: Read) -> Read:
    """Reads what may be None."""
    return lambda value: None if value is None else read(value)


def record(kind: Any, **fields: Read) -> Read:
    """Reads a dataclass or a named tuple, of which some fields need a reader of their own."""
    names = getattr(kind, "_fields", None) or kind.__slots__
    reads = [fields.get(name, same) for name in names]
    return lambda values: kind(
        *(read(value) for read, value in zip(reads, values, strict=True)),
    )


def state(**readers: Read) -> Mapping[str, Read]:
    """The attributes that are an object's state, by name, with what reads each."""
    return readers


class Stored:
    """An object whose state can be stored: the attributes that ``STATE`` names."""

    __slots__ = ()
    STATE: ClassVar[Mapping[str, Read]] = {}

    def row(self) -> list[Any]:
        """Its state as plain JSON values."""
        return [plain(getattr(self, name)) for name in self.STATE]

    def read(self, row: Sequence[Any], /) -> None:
        """Takes over what `row` gave; ValueError, TypeError or KeyError on anything else."""
        for (name, read), value in zip(self.STATE.items(), row, strict=True):
            if read is not part:
                setattr(self, name, read(value))
                continue
            inner = getattr(self, name)
            if isinstance(inner, dict):
                inner.clear()
                inner.update((key, self.new_part()) for key, _values in value)
                value = [values for _key, values in value]  # noqa: PLW2901
                inner = list(inner.values())
            if isinstance(inner, list):
                for child, values in zip(inner, value, strict=True):
                    child.read(values)
            else:
                inner.read(value)

    def new_part(self) -> Any:
        """An empty part, for a dictionary of them."""
        raise NotImplementedError

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Any:
        """A new object with that state, where one can be made of nothing."""
        fresh = cls()
        fresh.read(row)
        return fresh


def plain(value: Any) -> Any:
    """A value of a state as JSON has it, with nothing in it that may still change."""
    kind = type(value)
    if kind in _SCALARS:
        return None if value == -math.inf else value
    if kind is list:
        return _all(value)
    if kind is dict:
        return [[*pair] for pair in zip(_all(value), _all(value.values()), strict=True)]
    if isinstance(value, tuple):  # named tuples take five times as long to write as JSON
        return [plain(inner) if isinstance(inner, tuple) else inner for inner in value]
    if isinstance(value, Stored):
        return value.row()
    names = kind.__slots__ if kind is not set else ()
    return [plain(getattr(value, name)) for name in names] or sorted(value)


def _all(values: Collection[Any]) -> list[Any]:
    """Values of one type."""
    first = next(iter(values), None)
    if type(first) in _SCALARS:
        return list(values)
    if isinstance(first, tuple) and not any(isinstance(inner, tuple) for inner in first):
        return list(map(list, values))
    return [plain(value) for value in values]
