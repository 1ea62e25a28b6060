"""Reads a length of time as people write it, and as cibot does: "2h", "2 h", "1h30m". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

_UNITS = {
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "wk", "wks", "week", "weeks"),
    "month": ("month", "months"),
    "quarter": ("quarter", "quarters"),
    "y": ("y", "yr", "yrs", "year", "years"),
}
_SECONDS = {
    "m": 60, "h": 3600, "d": 86400, "w": 604800,
    "month": 30 * 86400, "quarter": 90 * 86400, "y": 365 * 86400,
}  # fmt: skip
_BY_WORD = {word: _SECONDS[unit] for unit, words in _UNITS.items() for word in words}
_NUMBERS = ("half", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTS = {word: count or 0.5 for count, word in enumerate(_NUMBERS)} | {"an": 1, "one": 1}
_PART = re.compile(
    rf"([0-9]{{1,6}}(?:\.[0-9])?|half an?\b|(?:{'|'.join(_COUNTS)})\b)[\s-]*([a-z]+)"
)
_MINUTES = re.compile(r"[0-5][0-9]$")  # bare behind hours, as cibot writes "1 h 30"
_MOST_WORDS = 6  # as in "1 day 2 hours 30 minutes"


def read_length(text: str) -> timedelta | None:
    """As "30m", "2 h", "1h30", "1 h 30", "1 day 2 hours", "half an hour"; None for other texts.

    The parts come from the largest: in "2h 3 days of moving" the days are not part of the length.
    """
    rest = text.casefold().strip()
    seconds, last = 0.0, 10 * _SECONDS["y"]
    while rest:
        if last == _SECONDS["h"] and (minutes := _MINUTES.match(rest)):
            return timedelta(seconds=seconds + int(minutes[0]) * 60)
        part = _PART.match(rest)
        unit = _BY_WORD.get(part[2]) if part else None
        if part is None or unit is None or unit >= last:
            return None
        count = _COUNTS.get(part[1].partition(" ")[0])
        seconds, last = seconds + (float(part[1]) if count is None else count) * unit, unit
        rest = rest[part.end() :].lstrip()
    return timedelta(seconds=seconds) if text.strip() else None


def whole_days(length: timedelta) -> int | None:
    """How many days a length is; None for less than one, and for part of one."""
    return length.days if length.days and length == timedelta(days=length.days) else None


def leading_length(words: Sequence[str]) -> tuple[timedelta, int] | None:
    """The longest length of time that the words begin with, and how many words it takes."""
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        length = read_length(" ".join(words[:count]))
        if length is not None:
            return length, count
    return None
