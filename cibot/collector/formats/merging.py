"""Whether a CI's words say that a change does not merge."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.verdict import verdict
from cibot.model import Outcome

_UNMERGED = (
    "merge conflict",
    "rebase conflict",
    "conflict (content)",
    "cannot be applied",
    "could not be applied",
    "(conflict in ",
    "has conflicts",
    "conflicts with '",
    "conflicts with the ",
    "unable to merge",
    "unable to rebase",
    "failed to merge",
    "failed to rebase",
    "not be merged",
    "not be rebased",
    "not be cherry-picked",
    "cannot be merged",
    "cannot be rebased",
    "cannot be cherry-picked",
    "does not merge",
    "does not apply",
    "not apply cleanly",
    "failed to apply",
    "not merge the",
    "could not merge",
    "cannot merge",
    "cannot rebase",
    "could not rebase",
    "rebase failed",
    "rebase needed",
    "rebase required",
    "rebase is required",
)


def unmerged(comment: Comment) -> bool:
    """Whether the first line, or the one below a bare "Failed", says so."""
    lower = comment.first.lower()
    if not comment.by_bot:
        own = lower.startswith(("this change ", "this patch ", "this commit "))
        return own and _says(lower)
    if _says(lower):
        return verdict(comment.first) is not Outcome.SUCCESS
    below = comment.lines[1].lower() if len(comment.lines) == 2 else ""
    return bool(below) and _says(below) and verdict(comment.first) is Outcome.FAILURE


def _says(lower: str) -> bool:
    return any(words in lower for words in _UNMERGED)
