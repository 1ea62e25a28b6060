"""Paging by key: the next page begins after the last item's key, whatever came between."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request

from cibot.web.api.problems import BadParameter

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
            rest = [item for item in items if key(item) > last]
        except TypeError as error:
            raise _not_ours() from error
    return Page(*first_of(rest, limit, key))


def first_of(
    rows: Sequence[T], limit: int, key: Callable[[T], Key]
) -> tuple[tuple[T, ...], str | None]:
    """The first ``limit`` items, and the cursor to the items that follow them."""
    chosen = tuple(rows[:limit])
    return chosen, write_cursor(key(chosen[-1])) if len(rows) > limit else None


def write_cursor(key: Key) -> str:
    """A key as text for a URL."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Key:
    """The key in a cursor. Raises BadParameter for text that is not a cursor."""
    try:
        raw = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _not_ours() from error
    if not isinstance(raw, list):
        raise _not_ours()
    return tuple(raw)


def read_number(text: str) -> int:
    """The id of a cursor that holds one alone. Raises BadParameter when it does not."""
    key = read_cursor(text)
    if len(key) == 1 and isinstance(key[0], int) and 0 < key[0] < 2**62:
        return key[0]
    raise _not_ours()


def read_report_key(text: str, length: int) -> Any:
    """A cursor that begins with a report's key: a moment, then ``length - 1`` numbers.

    Raises BadParameter.
    """
    try:
        posted_at, change_id, *rest = read_cursor(text)
        if len(rest) != length - 2:
            raise _not_ours()
        when = datetime.fromisoformat(posted_at).astimezone(UTC)
        return when, min(int(change_id), 2**62), *(min(int(number), 2**31 - 1) for number in rest)
    except (TypeError, ValueError, OverflowError) as error:
        raise _not_ours() from error


def link_to(cursor: str | None) -> str | None:
    """The address of this very question with that cursor."""
    if cursor is None:
        return None
    args = {**request.args.to_dict(), "after": cursor}
    return f"{request.script_root}{request.path}?{urlencode(args)}"


def _not_ours() -> BadParameter:
    return BadParameter("after", "take it from the next link of the page before")
