"""Lines that tell of a run's parts alike: "✅ unit" and "❌ docs", "unit;FAILURE;URL"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.naming import names_whole
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import known_result
from cibot.model import Outcome, Result

_LINES = 100
_LONGEST = 160
_MOST_WORDS = 8
_SPLIT = re.compile(r"[\s;,|:()\[\]*`]+")
_BULLETS = "-*=#• "
# "One job failed.", "1 of 3 checks failed"
_COUNTED = re.compile(
    r"(?:\d+|one|two|three|some)\b[^:,]{0,20}\b(?:job|build|check|stage|test)s?\b", re.IGNORECASE
)
_FREE = ("voting", "optional", "allowed", "expected", "advisory")


@lru_cache(maxsize=2048)
def _shape(line: str) -> str:
    """``W V N`` of "unit PASS 3m1s": words, verdict, numbers and times, addresses."""
    shape = ""
    for token in _SPLIT.split(line.strip()):
        if not token:
            continue
        if "://" in token:
            kind = "U"
        elif token[0].isdigit():
            kind = "N"
        elif verdict(token) is not None:
            kind = "V"
        else:
            kind = "W"
        shape += kind if not shape.endswith(kind) else ""
    return shape


def one_failed(comment: Comment, at: int = 0) -> bool:
    """Whether a line of the shape of that at ``at`` says that another part of the run failed."""
    lines = comment.lines[at : at + _LINES]
    shape = _shape(lines[0]) if len(lines[0]) <= _LONGEST else ""
    bare = shape.rstrip("N")
    alike = (shape, bare, f"{bare}N", f"{bare}NW")  # "41 passing (3s)", "Jobs failed: 1 (docs)"
    return "V" in shape and any(
        verdict(line) is Outcome.FAILURE and _shape(line) in alike for line in _short(lines[1:])
    )


def whole_failed(comment: Comment) -> bool:
    """Whether a line says of the whole in a word or two that it failed: "CI result: FAILURE"."""
    flush = (line for line in comment.lines[:_LINES] if line[0] not in " \t")
    return any(_of_whole(line.strip(_BULLETS)) for line in _short(flush))


def _of_whole(line: str) -> bool:
    label, colon, words = line.partition(":")
    if not colon:
        counts = _COUNTED.match(line) is not None and verdict(line) is Outcome.FAILURE
        return counts or known_result(line) is Result.FAIL
    if len(words.split()) > 2 or not names_whole(label):
        return False
    return verdict(words) is Outcome.FAILURE


def summed_up(comment: Comment) -> Outcome | None:
    """What short lines say together where the first says nothing: one that failed fails all."""
    said = {verdict(line) for line in _short(comment.lines[:_LINES])}
    if Outcome.FAILURE in said:
        return Outcome.FAILURE
    return Outcome.SUCCESS if Outcome.SUCCESS in said else None


def _short(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if len(line) <= _LONGEST and sum(w[0].isalpha() for w in line.split()) <= _MOST_WORDS:
            lower = line.lower()
            if not any(word in lower for word in _FREE):
                yield line
