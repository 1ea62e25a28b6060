"""Reads what a person typed: words, quotes, and what may be left out. Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 500  # characters of a question; what is longer is cut, nobody asks so much
_COLOUR = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?")  # mIRC's, with its digits
_WORD = re.compile(r'"([^"]*)"|“([^”]*)”|\'([^\']+)\'(?=\s|$)|(\S+)')
_EDGES = "\"'“”‘’`?!.,;:"

_FILLER_WORDS = """
a about ago all am and any are at be been bad broken by can could currently dead degraded did do
does doing down fail failed failing fails fine for give going good has have health healthy hello
hey hi how how's i in is
it it's its look me my now of ok okay on please red say says shape show silent sick so still
system tell that that's thanks the there this to today up was we what what's whats where which who
with working wrong you
"""
_FILLERS = frozenset(_FILLER_WORDS.split())


def clean(text: str) -> str:
    """One line of at most 500 characters without control, format and bidi characters."""
    plain = _COLOUR.sub("", text[: LONGEST * 2])
    kept = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in plain)
    return " ".join(kept.split())[:LONGEST]


def split(text: str) -> tuple[str, ...]:
    """Words; quotes keep some together and need not be closed, odd edges fall away."""
    found = []
    for match in _WORD.finditer(clean(text)):
        word = next((group for group in match.groups()[:3] if group is not None), None)
        if word is None:
            word = match[4].strip(_EDGES)
        if word.strip():
            found.append(" ".join(word.split()))
    return tuple(found)


def without_fillers(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without those that only make a sentence: "how is netapp doing" → "netapp"."""
    return tuple(word for word in words if word.casefold() not in _FILLERS)
