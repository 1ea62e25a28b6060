"""Comments of CIs that were not understood, by shape: what the parser should learn next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cibot.reports.ci import find_ci
from cibot.reports.shapes import shape_of
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

    Who knows better sets ``outcome`` and ``jobs``, and has a test that fails until
    the parser does.
    """
    for shape in unread.shapes:
        example = shape.example
        account = {"username": example.username, "name": example.name}
        case: dict[str, object] = {"why": shape.shape or "no words", "message": example.text}
        if example.tag:
            case["tag"] = example.tag
        case["account"] = {key: value for key, value in account.items() if value}
        yield case | {"outcome": None, "jobs": []}
