"""Finds the line of a key in a TOML document, which tomllib does not tell.

The beginning of a document is a document itself, once its open lists are closed. The line of a key
is the last one of the shortest beginning that has it.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from contextlib import suppress
from typing import Any

KeyPath = tuple[str | int, ...]
_DEEPEST = 8  # lists in lists whose lines are told apart


def line_of(text: str, path: KeyPath) -> int | None:
    """The line, from 1, of ``path``, or of the nearest part of it that the text has."""
    whole = tomllib.loads(text)
    lines = text.split("\n")
    for length in range(len(path), 0, -1):
        if _holds(whole, path[:length]):
            return _first(lines, path[:length])
    return None


def _first(lines: list[str], path: KeyPath) -> int:
    """The line on which the value of ``path`` begins, which may be a text of many lines."""
    counts = range(len(lines) + 1)
    line = bisect_left(counts, True, key=lambda count: _holds(_beginning(lines[:count]), path))
    while _read(lines[: line - 1]) is None:
        line -= 1
    return line


def _beginning(lines: list[str]) -> dict[str, Any]:
    """The tables of the lines, without a text that does not end in them."""
    while (tables := _read(lines)) is None:
        lines = lines[:-1]
    return tables


def _read(lines: list[str]) -> dict[str, Any] | None:
    for depth in range(_DEEPEST + 1):
        with suppress(tomllib.TOMLDecodeError):
            return tomllib.loads("\n".join([*lines, "]" * depth]))
    return None


def _holds(tables: Any, path: KeyPath) -> bool:
    for part in path:
        try:
            tables = tables[part]
        except (LookupError, TypeError):
            return False
    return True
