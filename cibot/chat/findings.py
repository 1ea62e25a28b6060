"""What a probe of ``cibot check`` finds: one line with its mark."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a finding is: right, to be looked at, or broken."""

    RIGHT = "✓"
    NOTE = "!"
    WRONG = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `cibot check`."""

    mark: Mark
    text: str


def right(text: str) -> Finding:
    return Finding(Mark.RIGHT, text)


def note(text: str) -> Finding:
    return Finding(Mark.NOTE, text)


def wrong(text: object) -> Finding:
    return Finding(Mark.WRONG, str(text))
