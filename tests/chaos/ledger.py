"""Compares what should have been said in a room with what arrived there. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class Heard:
    """One arrival; ``marked`` where it said of itself that it may be a repeat."""

    what: str
    marked: bool


@dataclass
class Ledger:
    """What became of the messages of one destination. All but ``messages`` are counts of harm."""

    messages: int = 0
    lost: int = 0
    unmarked: int = 0  # arrived once more, and did not say so
    marked: int = 0  # arrived once more, and said that it may be a repeat
    needless: int = 0  # said that it may be a repeat, but arrived once
    disordered: int = 0  # arrived first after one of the same writer that should follow it
    strange: list[str] = field(default_factory=list)  # arrived, and nobody wanted it

    def __add__(self, other: Ledger) -> Ledger:
        return Ledger(
            *(getattr(self, column.name) + getattr(other, column.name) for column in fields(self))
        )


def compare(
    wanted: Sequence[str],
    heard: Iterable[Heard],
    writer: Callable[[str], Hashable] = lambda _what: None,
) -> Ledger:
    """The ledger of one room; ``wanted`` is in the order of the room.

    The messages of one ``writer`` keep their order. Those of two, written in transactions that
    overlap, have none: the numbers of rows are given before a commit makes the rows visible.
    """
    place = {what: number for number, what in enumerate(wanted)}
    ledger = Ledger(len(place))
    copies: Counter[str] = Counter()
    alone: set[str] = set()
    last: dict[Hashable, int] = defaultdict(lambda: -1)
    for message in heard:
        if message.what not in place:
            ledger.strange.append(message.what)
            continue
        copies[message.what] += 1
        if copies[message.what] == 1:
            by = writer(message.what)
            ledger.disordered += place[message.what] < last[by]
            last[by] = max(last[by], place[message.what])
            alone |= {message.what} if message.marked else set()
        elif message.marked:
            ledger.marked += 1
        else:
            ledger.unmarked += 1
    ledger.lost = len(place) - len(copies)
    ledger.needless = sum(copies[what] == 1 for what in alone)
    return ledger


def table(ledgers: dict[str, Ledger]) -> str:
    """The ledgers as lines of text, one for each destination."""
    head = ("destination", "messages", "lost", "twice, unmarked", "twice, marked",
            "marked, but once", "out of order", "unwanted")  # fmt: skip
    rows = [head] + [
        (name, *map(str, (ledger.messages, ledger.lost, ledger.unmarked, ledger.marked,
                          ledger.needless, ledger.disordered, len(ledger.strange))))
        for name, ledger in ledgers.items()
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
