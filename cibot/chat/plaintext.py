"""Hostile text made plain, and cut where a reader sees a border. Pure.

Text from Gerrit and from chat may hold control codes, direction overrides,
invisible characters and towers of accents. Every chat backend cleans it here
before it escapes it for its own medium.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_GONE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control codes; line breaks become spaces
    "\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f"  # invisible, direction marks
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f"  # direction overrides and isolates
    "\u3164\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]"  # fillers, BOM, tags, non-characters
)
_SPACE = re.compile(r"[\s\u0085\u2028\u2029]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_MARKS = 6  # accents upon one letter; no language needs more, towers cover other lines


def clean(text: str) -> str:
    """One line without control codes, direction overrides or invisible characters.

    Line breaks, tabs and runs of white space become one space; the ends are
    stripped; lone surrogates become U+FFFD; piles of accents are cut to six.
    """
    text = _SURROGATE.sub("\ufffd", text)
    text = _GONE.sub("", _SPACE.sub(" ", text))
    if not text.isascii():
        text = "".join(_without_towers(text))
    return _SPACE.sub(" ", text).strip()


def _without_towers(text: str) -> Iterator[str]:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= _MOST_MARKS:
            yield char


def graphemes(text: str) -> Iterator[str]:
    """What a reader sees as characters: a base with its marks, a joined emoji, a flag.

    A close and short reading of Unicode's annex 29; where it differs it errs
    to longer pieces.
    """
    piece = ""
    for char in text:
        if piece and not _joins(piece, char):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


def _joins(piece: str, char: str) -> bool:
    before = piece[-1]
    if before.isascii() and char.isascii():
        return before == "\r" and char == "\n"
    if char == "\u200d" or before == "\u200d" or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if unicodedata.category(char) in {"Mn", "Me", "Mc"}:
        return True
    if "\u1160" <= char <= "\u11ff":  # Hangul vowels and finals follow their consonant
        return "\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    flag = "\U0001f1e6" <= char <= "\U0001f1ff"
    return flag and len(piece) == 1 and "\U0001f1e6" <= before <= "\U0001f1ff"


def cut(text: str, most_bytes: int) -> tuple[str, str]:
    """The longest head of ``text`` within ``most_bytes`` of UTF-8, and the rest.

    Cuts at a space where one is in the second half, else between graphemes; a
    single grapheme that is longer is cut between its characters. ``most_bytes``
    is at least 4, so that every call takes something.
    """
    if len(text.encode()) <= most_bytes:
        return text, ""
    size = taken = 0
    for piece in graphemes(text):
        size += len(piece.encode())
        if size > most_bytes:
            break
        taken += len(piece)
    if taken == 0:
        while len(text[: taken + 1].encode()) <= most_bytes:
            taken += 1
    space = text.rfind(" ", 0, taken + 1)
    if space > taken // 2:
        taken = space
    return text[:taken].rstrip(" "), text[taken:].lstrip(" ")
