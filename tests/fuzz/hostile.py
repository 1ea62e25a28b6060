"""Hostile words and mangled structures, the same ones for the same seed."""

from __future__ import annotations

import copy
import random
from typing import Any

WORDS = [
    "", " ", "\0", "\r\nQUIT", "\x01DCC SEND x\x01", "\x03", "\u202e", "\u2028", "\ud800",
    "é" * 300,
    "<!channel>", "<@U0>", "<https://x|y>", "*", "`", "{{7*7}}", "' OR 1=1 --", "../../etc", "%s%n",
    "!ci status x", "status", "silence * 99999999d", "why \U0001f4a9", "NaN", "-1", "0", "1e999",
    "99999999999999999999", "null", "2026-11-23 12:00:00", "SUCCESS",
    "Build failed (check pipeline).",
    "- x https://[ : FAILURE in 9h", "- " * 500, "(" * 200, "Patch Set 1: Verified+1\n\n",
    "U0PERSON0", "http://[::1", "A" * 5000,
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 1.5, float("inf"), float("nan"),
    [], {}, [[]], [None], {"": None}, [{}], {"x": {"y": []}},
]  # fmt: skip


def text(dice: random.Random) -> str:
    """A hostile word, or noise, or some of both."""
    way = dice.random()
    if way < 0.6:
        return dice.choice(WORDS)
    if way < 0.8:
        return "".join(chr(dice.randrange(0x11000)) for _ in range(dice.randrange(20)))
    return "".join(dice.choice(WORDS)[:40] for _ in range(dice.randrange(4)))


def value(dice: random.Random) -> Any:
    """Anything that JSON can hold, and a little more."""
    # A copy: a list put into itself, two manglings later, is no JSON at all.
    return text(dice) if dice.random() < 0.5 else copy.deepcopy(dice.choice(VALUES))


def mangle(dice: random.Random, whole: Any, times: int) -> Any:
    """Puts something else at random places of a structure (changed in place)."""
    for _ in range(times):
        place = whole
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            key: Any = dice.choice(list(keys))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or dice.random() < 0.2:
                _change(dice, place, key)
                break
            place = inner
    return whole


def _change(dice: random.Random, place: Any, key: Any) -> None:
    if dice.random() < 0.2:
        del place[key]
    else:
        place[key] = value(dice)


def broken(dice: random.Random, raw: bytes) -> bytes:
    """Some bytes changed, cut off or doubled."""
    piece = bytearray(raw)
    for _ in range(dice.randrange(1, 4)):
        if piece:
            piece[dice.randrange(len(piece))] = dice.randrange(256)
    end = dice.randrange(len(piece) + 1)
    return bytes(dice.choice([piece, piece[:end], piece + piece, piece[end:]]))
