"""Reads a day, a month, a quarter or a year as people name it: "may", "q3 2026". Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from cibot.errors import UserError

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_BY_NAME = {name: number for number, name in enumerate(_MONTHS, 1)}
_BY_NAME |= {name[:3]: number for name, number in _BY_NAME.items()} | {"sept": 9}
_YEAR = re.compile(r"20[0-9]{2}")
_WHOLE = re.compile(r"(20[0-9]{2})(?:-(q[1-4]|[01][0-9]))?|(q[1-4])-?(20[0-9]{2})")
_QUARTER = 3  # months
_THIS: Mapping[str, Callable[[date], str | None]] = {
    "month": lambda today: str(today.month),
    "quarter": lambda today: f"q{(today.month + 2) // _QUARTER}",
    "year": lambda _today: None,
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SEEMS_TIME = re.compile(
    r"-?[0-9]+(?:[.,][0-9]+)?(?:h|d|w|m|min|hours?|days?|weeks?|months?|years?)"
    r"|[0-9]{4}-[0-9]{2}|[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}|tomorrow"
    r"|day|week|month|quarter|year"
)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
"""What is asked for lies between them: days before and after it must be dates, too."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def named_day(word: str, today: date) -> date | None:
    """A date like 2026-11-23, or the last day of a name like "monday"; None for another word.

    Raises UserError for a date that is none.
    """
    if word.casefold() in _WEEKDAYS:
        past = today.weekday() - _WEEKDAYS.index(word.casefold())
        return today - timedelta(days=past % 7)
    if not _DAY.fullmatch(word):
        return None
    try:
        named = date.fromisoformat(word)
    except ValueError:
        named = date.max
    if not FIRST_DAY <= named <= LAST_DAY:
        raise UserError(f"There is no day {word}; write one like 2026-11-23.")
    return named


def seems_time(word: str) -> bool:
    """Whether a word is meant as a time and no name: "30d", "23.11.2026", "tomorrow", "may"."""
    return bool(_SEEMS_TIME.fullmatch(word.casefold())) or word.casefold() in _BY_NAME


def named_period(words: Sequence[str], today: date) -> tuple[date, date, int] | None:
    """The period that the words begin with: its first day, the day after it, how many words.

    Without a year the last one that has begun is meant. None where they begin otherwise.
    """
    first, *rest = (word.casefold().strip(",") for word in words[:2])
    if first == "this" and rest and rest[0] in _THIS:
        return _period(today.year, _THIS[rest[0]](today), 2)
    if whole := _WHOLE.fullmatch(first):
        year, part = int(whole[1] or whole[4]), whole[2] or whole[3]
        wrong = part is not None and part.isdigit() and not 1 <= int(part) <= len(_MONTHS)
        return None if wrong else _period(year, part, 1)
    if first not in _BY_NAME and not re.fullmatch("q[1-4]", first):
        return None
    if rest and _YEAR.fullmatch(rest[0]):
        return _period(int(rest[0]), first, 2)
    this = _period(today.year, first, 1)
    return this if this[0] <= today else _period(today.year - 1, first, 1)


def _period(year: int, part: str | None, words: int) -> tuple[date, date, int]:
    """A month by name or number, a quarter, or with no part the year."""
    if part is None:
        return date(year, 1, 1), date(year + 1, 1, 1), words
    months = _QUARTER if part.startswith("q") else 1
    first = _QUARTER * int(part[1]) - 2 if months > 1 else _BY_NAME.get(part) or int(part)
    after = first + months
    return date(year, first, 1), date(year + after // 13, (after - 1) % 12 + 1, 1), words
