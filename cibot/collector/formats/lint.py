"""Findings and links that a CI posts in addition to its verdict; no verdict themselves."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment, score
from cibot.collector.formats.person import by_hand
from cibot.collector.formats.verdict import verdict
from cibot.model import Outcome, Report

NAME = "findings"
_NONE = Report(Outcome.NONE, NAME)
_FIRST = (
    "violation",
    "please fix",
    "licence header",
    "license header",
    "creation for",
    "coding style",
    "syntax error",
    "document link",
    "results can be seen",
    "results are available",
    "whitelisted",
    "is available at",
    "are available at",
    "owners for ",
    "unable to determine ",
)


def read(comment: Comment) -> Report | None:
    """A lint report or a list of links, without a vote."""
    if score(comment.votes, any_label=True):
        return None
    opening = comment.first[:300].lower()
    if len(comment.lines) > 1 and verdict(comment.first) is None:
        opening += " " + comment.lines[1][:300].lower()
    if any(words in opening for words in _FIRST):
        return _NONE
    if by_hand(comment):
        return None
    said = comment.by_ci and verdict(comment.first) is not None
    return _NONE if not said and any(map(_finding, comment.lines[:6])) else None


def _finding(line: str) -> bool:
    """``path/file.py:21:1: F401 …``."""
    parts = line.strip().split(":", 3)
    return len(parts) >= 3 and parts[1].isdigit() and ("." in parts[0] or "/" in parts[0])
