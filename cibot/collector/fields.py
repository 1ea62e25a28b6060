"""Reading single fields of JSON that others wrote, without trusting any of it.

Every reader takes the value and its *place* (``change.number``) and either
returns a value of the right type and range or raises `DecodeError` naming the
place. Text comes back storable in any UTF-8 database: without NUL and without
lone surrogates, each replaced by U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cibot.errors import Permanent

MAX_INT = 2**31 - 1  # Gerrit's numbers are Java ints
MAX_TEXT = 2**20  # characters of one message; Gerrit itself refuses more than 16,384
_EPOCH = datetime.fromtimestamp(0, UTC)
_END_OF_TIME = 253_402_300_800  # seconds: 10000-01-01, the first moment that no database holds

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DIGITS = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_UNSET = frozenset({"", "0", "false", "no", "null", "none"})


class DecodeError(Permanent):
    """What Gerrit sent does not have the shape it should; the text names the field."""

    def within(self, outer: str) -> DecodeError:
        """The same, with the place seen from further out: ``date`` to ``messages[3].date``."""
        return DecodeError(f"{outer}.{self}")


def expected(what: str, place: str, value: object) -> DecodeError:
    """The error that says what stood at ``place`` instead of ``what``."""
    return DecodeError(f"{place}: expected {what}, got {_shown(value)}")


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return ascii(value if len(value) <= 40 else value[:40] + "...")
    if isinstance(value, bool | float):
        return ascii(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else "a number of more than 64 bits"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else type(value).__name__


def storable(text: str) -> str:
    """``text`` as every database that speaks UTF-8 can hold it."""
    if text.isascii():
        return text.replace("\x00", "\ufffd") if "\x00" in text else text
    return _UNSTORABLE.sub("\ufffd", text)


def integer(value: object, place: str, low: int = 0, high: int = MAX_INT) -> int:
    """An integer of ``low``..``high``, also where it was written as a string."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise expected("an integer", place, value)
    if not low <= value <= high:
        raise expected(f"an integer from {low} to {high}", place, value)
    return value


def flag(value: object) -> bool:
    """Whether a flag is set, in whatever type it is written.

    What cannot be read counts as set: a change that may be private is not shown.
    """
    if isinstance(value, str):
        return value.strip().lower() not in _UNSET
    return value is not None and value is not False and value != 0


def string(value: object, place: str, limit: int = 255) -> str:
    """A non-empty string of at most ``limit`` characters."""
    if not isinstance(value, str) or not value:
        raise expected("a text", place, value)
    if len(value) > limit:
        raise DecodeError(f"{place}: expected at most {limit} characters, got {len(value)}")
    return storable(value)


def optional_string(value: object, place: str, limit: int = 255) -> str | None:
    """A string cut to ``limit`` characters; None where it is absent or empty."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise expected("a text", place, value)
    return storable(value[:limit])


def body(value: object, place: str, limit: int = MAX_TEXT) -> str:
    """A text that may be empty or absent (then ""), cut to ``limit`` characters."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise expected("a text", place, value)
    return storable(value if len(value) <= limit else value[:limit])


_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def commit(value: object) -> str | None:
    """The first 40 digits of a commit's name; None where it is none."""
    return value[:40] if isinstance(value, str) and _COMMIT.fullmatch(value) else None


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """A JSON object."""
    # A dict is known at once; asking an abstract class takes many times as long.
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
        return value
    raise expected("an object", place, value)


def sequence(value: object, place: str) -> Sequence[Any]:
    """A JSON list; empty where it is absent."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise expected("a list", place, value)
    return value


def moment(value: object, place: str) -> datetime:
    """A time as REST writes it, ``2015-11-25 14:02:21.000000000``, always UTC.

    None is before 1970, as in events: what imports date into the year 1 has no time.
    """
    if isinstance(value, str) and len(value) <= 29:
        read = _read_moment(value)
        if read is not None:
            return max(read, _EPOCH)
    raise expected("a time like 2015-11-25 14:02:21.000000000", place, value)


_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?")


@lru_cache(maxsize=4096)
def _read_moment(written: str) -> datetime | None:
    if not _MOMENT.fullmatch(written):
        return None
    try:
        return datetime.fromisoformat(written[:26] + "+00:00")
    except ValueError:  # the 31st of February
        return None


def epoch(value: object, place: str) -> datetime:
    """A time as events write it: whole seconds since 1970."""
    return datetime.fromtimestamp(integer(value, place, 0, _END_OF_TIME - 1), UTC)
