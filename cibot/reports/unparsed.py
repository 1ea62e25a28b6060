"""Comments of CIs that were not understood, by shape: what the parser should learn next.

Two comments of one shape were written by one template, so that one new rule in
the parser understands them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cibot.reports.ci import find_ci
from cibot.store.cis import all_cis
from cibot.store.comments import MOST_CHARACTERS, UnparsedComment, unparsed_of
from cibot.store.engine import Tx

MOST_EACH = 2_000  # comments of a CI that are looked at


@dataclass(slots=True)
class Shape:
    """Comments of one template: the ``shape`` is what they share, "" without any words.

    ``example`` is the newest, of a long text its beginning; ``cis`` are names, sorted.
    """

    shape: str
    example: UnparsedComment
    count: int = 0
    cis: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Unparsed:
    """The shapes, most frequent first. ``partly`` names CIs that have more than was read."""

    since: datetime
    total: int
    shapes: tuple[Shape, ...]
    partly: tuple[str, ...]


def unparsed(
    tx: Tx,
    since: datetime,
    name: str | None = None,
    *,
    each: int = MOST_EACH,
    characters: int = MOST_CHARACTERS,
) -> Unparsed:
    """Comments that no format recognised since then; of the CI that ``name`` means, or of all.

    Raises UserError when no CI is meant. The newest ``each`` of each CI are read, and of a
    comment the first ``characters``.
    """
    rows = [find_ci(tx, name)] if name else all_cis(tx)
    shapes: dict[str, Shape] = {}
    total, partly = 0, []
    for row in rows:
        comments = unparsed_of(tx, row.id, since, each, characters)
        total += len(comments)
        if len(comments) == each:
            partly.append(row.name)
        for comment in comments:
            words = shape_of(comment.text)
            shape = shapes.setdefault(words, Shape(words, comment))
            shape.count += 1
            if row.name not in shape.cis:
                shape.cis.append(row.name)
            if comment.posted_at > shape.example.posted_at:
                shape.example = comment
    ordered = sorted(shapes.values(), key=lambda shape: (-shape.count, shape.shape))
    return Unparsed(since, total, tuple(ordered), tuple(partly))


def golden_cases(unread: Unparsed) -> Iterator[dict[str, object]]:
    """A golden test's skeleton for each shape: what is written, and that it is not understood.

    Set ``outcome`` and ``jobs`` by hand, and there is a test that fails until the parser
    reads the comment.
    """
    for shape in unread.shapes:
        example = shape.example
        account = {"username": example.username, "name": example.name}
        case: dict[str, object] = {"why": shape.shape or "no words", "message": example.text}
        if example.tag:
            case["tag"] = example.tag
        case["account"] = {key: value for key, value in account.items() if value}
        yield case | {"outcome": None, "jobs": []}


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
    shapes: list[str] = []
    for line in body.splitlines():
        shaped = _shaped(line)
        if shaped and (not shapes or shapes[-1] != shaped):
            shapes.append(shaped)
        if len(shapes) == _LINES:
            break
    return " / ".join(shapes)


def _shaped(line: str) -> str:
    shown = "".join(
        character if character.isprintable() else " " for character in line[: 5 * _WIDTH]
    )
    for pattern, instead in _RULES:
        shown = pattern.sub(instead, shown)
    return " ".join(shown.split())[:_WIDTH].rstrip()
