"""The characters that people perceive, and cutting text between them. Pure.

A useful subset of Unicode's UAX #29: no accent, flag or joined emoji is split.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

_JOINER = "\u200d"
_LONGEST = 16  # code points; beyond it a "grapheme" is an attack with combining marks


def graphemes(text: str) -> Iterator[str]:
    """The user-perceived characters of ``text``, each at most 16 code points long."""
    cluster = ""
    for char in text:
        if cluster and not (len(cluster) < _LONGEST and _continues(cluster, char)):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _continues(cluster: str, char: str) -> bool:
    if char == _JOINER or cluster[-1] == _JOINER or _extends(char):
        return True
    if _is_flag_letter(char) and _is_flag_letter(cluster[-1]):
        return len(cluster) % 2 == 1
    return _is_jamo_tail(char) and _is_hangul(cluster[-1])


def _extends(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags of the flags of regions
    )


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_jamo_tail(char: str) -> bool:
    return "\u1160" <= char <= "\u11ff"


def _is_hangul(char: str) -> bool:
    return "\u1100" <= char <= "\u11ff" or "\uac00" <= char <= "\ud7a3"


def cut(text: str, limit: int, *, size: Callable[[str], int] = len, mark: str = "…") -> str:
    """``text``, or as many whole graphemes of it as fit into ``limit`` with ``mark`` behind.

    ``size`` measures a string in the medium's unit (bytes, UTF-16 units, escaped
    characters); it must add up over concatenation. A limit smaller than the mark
    gives the empty string.
    """
    if len(text) <= limit and size(text) <= limit:
        return text
    room = limit - size(mark)
    if room < 0:
        return ""
    parts: list[str] = []
    for cluster in graphemes(text):
        room -= size(cluster)
        if room < 0:
            break
        parts.append(cluster)
    return "".join(parts) + mark
