"""The shape of a comment: what stays when numbers, hashes, addresses and names are left out. Pure.

Two comments of one shape were written by one template, so that one new rule in
the parser understands them all.
"""

from __future__ import annotations

import re

_LINES = 6  # the first lines tell templates apart; what follows is often a list
_WIDTH = 100
_READ = 4_000  # characters: the first lines lie well within

_HEADER = re.compile(r"\A(?:Uploaded )?[Pp]atch ?[Ss]et \d+:?[^\n]*\n?")
_RULES = (
    (re.compile(r"(?:https?|ftp|ssh)://[^\s<>\"')\]]+"), "<url>"),
    (re.compile(r"[\w.+-]+(?:@|_at_)[\w-]+\.[\w.-]+"), "<mail>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,30}\b"), "<hash>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"), "<hash>"),
    (re.compile(r"(?<=@)[\w.-]+"), "<name>"),
    (re.compile(r"\bby:? [A-Z][\w.-]*(?: [A-Z][\w.-]*)*"), "by <name>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "0"),
    # a word with a sign or a number inside names a job, a host, a file
    (re.compile(r"[A-Za-z0-9]+(?:[-_./\\:]+[A-Za-z0-9]+)+"), "<name>"),
    (re.compile(r"\b(?=[A-Za-z]*0)(?=0*[A-Za-z])[A-Za-z0]+\b"), "<name>"),
    (re.compile(r"(<\w+>|0)(?:[ ,]+\1)+"), r"\1"),
)


def shape_of(text: str) -> str:
    """The shape in one line: the first lines, divided by " / "; "" for a comment without words."""
    body = _HEADER.sub("", text[:_READ], count=1)
    found: list[str] = []
    for line in body.splitlines():
        shaped = _shaped(line)
        if shaped and (not found or found[-1] != shaped):
            found.append(shaped)
        if len(found) == _LINES:
            break
    return " / ".join(found)


def _shaped(line: str) -> str:
    shown = "".join(
        character if character.isprintable() else " " for character in line[: 5 * _WIDTH]
    )
    for pattern, instead in _RULES:
        shown = pattern.sub(instead, shown)
    return " ".join(shown.split())[:_WIDTH].rstrip()
