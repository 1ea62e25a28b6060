"""Making hostile text safe to show, before a backend escapes it for its medium.

Pure. `clean` takes out what could change how the text around it is read. `one_line` is for a
terminal or IRC, where no markup can fence it in: what cannot be seen goes as well, and accents
cannot pile up over the lines above.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from cibot.text.graphemes import graphemes

# Bidirectional overrides, embeddings, isolates and marks: they reorder what others wrote.
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CONTROL = "".join(map(chr, {*range(32), 127} - {9, 10, 13}))
_UNSHOWN = re.compile(f"[{_BIDI}{re.escape(_CONTROL)}]")
_NOT_SHOWN = dict.fromkeys(map(ord, _BIDI + _CONTROL))
_DROPPED = re.compile(f"[{_BIDI}\ufeff\ufff9-\ufffb]")
_BLANK = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CODES = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")  # but line breaks
_SPACE = re.compile("[\\s\u2800]+")  # Braille's blank, too

# What draws nothing (Unicode: Default_Ignorable_Code_Point, annotations, no characters), but
# for joiners and selectors where they change how their neighbours are drawn.
_JOINED = (  # the scripts of Asia and Africa whose letters join, without what is unseen there
    "\u0620-\u08ff\u0900-\u109f\u1780-\u17b3\u17b6-\u180a\u1820-\u18aa\ua800-\uaaff"
    "\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
_EMOJI = "\u2190-\u27ff\u2900-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_DRAWN = (  # the two characters that end where the text was read to
    f"[{_JOINED}][\u200c\u200d](?=[{_JOINED}])",
    f"[{_EMOJI}\ufe0f]\u200d(?=[{_EMOJI}])",
    f"[{_EMOJI}\u00a9\u00ae\u203c\u2049\u2122\u2139][\ufe0e\ufe0f]",
    "[0-9#*]\ufe0f(?=\u20e3)",
    f"[{_IDEOGRAPHS}][\ufe00-\ufe02\U000e0100-\U000e01ef]",
    "[\u1820-\u18aa][\u180b-\u180d\u180f]",
)
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    + "".join(f"(?<!{drawn})" for drawn in _DRAWN)
)
"""An invisible character. A joiner between letters that join, as Persian writes them, or within
an emoji is none: it is seen by what it does."""
_MOST_MARKS = 6  # accents upon one letter; no language needs more, towers cover other lines


def clean(text: str) -> str:
    """One line of printable text: no control characters, line ends or bidi overrides."""
    text = _BLANK.sub(" ", _DROPPED.sub("", text))
    return _SURROGATE.sub("\ufffd", text)


def in_order(text: str) -> str:
    """The text, of its own class, without control codes and what would reorder what is near."""
    return text.translate(_NOT_SHOWN) if _UNSHOWN.search(text) else text


def for_terminal(text: str) -> str:
    """Lines of text without what a terminal would obey: no escapes, no reordering."""
    return "\n".join(map(clean, text.split("\n")))


def one_line(text: str) -> str:
    """``text`` as one line: no control codes, direction overrides or invisible characters.

    Line breaks, tabs and runs of white space become one space; the ends are
    stripped; lone surrogates become U+FFFD; piles of accents are cut to six.
    """
    text = clean(_CODES.sub("", UNSEEN.sub("", _SPACE.sub(" ", text))))
    if not text.isascii():
        text = "".join(_without_towers(text))
    return _SPACE.sub(" ", text).strip()


def between_blanks(original: str, cleaned: str) -> str:
    """``cleaned`` with the blanks that ``original`` had at its ends: between spans they count."""
    if not original:
        return ""
    if not cleaned:
        return " "
    before = " " * (len(original) - len(original.lstrip()))
    return f"{before}{cleaned}{' ' if original[-1:].isspace() else ''}"


def _without_towers(text: str) -> Iterator[str]:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= _MOST_MARKS:
            yield char


def split(text: str, most_bytes: int) -> tuple[str, str]:
    """The longest head of ``text`` within ``most_bytes`` of UTF-8, and the rest.

    Splits at a space where one is in the second half, else between graphemes;
    a single grapheme that is longer is split between its characters.
    ``most_bytes`` is at least 4, so that every call takes something.
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
