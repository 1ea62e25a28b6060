"""Paging by key: the next page begins after the last item's key, whatever came between."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request

from cibot.web.problems import BadParameter

T = TypeVar("T")
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in order; ``next`` leads to those that follow, None where there are none."""

    items: tuple[T, ...]
    next: str | None


def page_of(items: Sequence[T], key: Callable[[T], Key], after: str | None, limit: int) -> Page[T]:
    """The ``limit`` items that follow ``after``; ``items`` are in the order of ``key``.

    Raises BadParameter when ``after`` is not one that we wrote for this order.
    """
    rest = items
    if after is not None:
        last = read_cursor(after)
        try:
            rest = [one for one in items if key(one) > last]
        except TypeError as error:
            raise _not_ours() from error
    chosen = tuple(rest[:limit])
    more = len(rest) > limit
    return Page(chosen, write_cursor(key(chosen[-1])) if more else None)


def write_cursor(key: Key) -> str:
    """A key as text for a URL."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Key:
    """The key of a cursor. Raises BadParameter when it is none."""
    try:
        raw = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _not_ours() from error
    if not isinstance(raw, list):
        raise _not_ours()
    return tuple(raw)


def link_to(cursor: str | None) -> str | None:
    """The address of this very question with that cursor."""
    if cursor is None:
        return None
    args = {**request.args.to_dict(), "after": cursor}
    return f"{request.script_root}{request.path}?{urlencode(args)}"


def _not_ours() -> BadParameter:
    return BadParameter("after", "take it from the next link of the page before")
