"""What a program says without a vote or any word of a verdict: links, queues, thanks."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment, score
from cibot.collector.formats.verdict import says_result
from cibot.model import NOTE, Outcome, Report


def read(comment: Comment) -> Report | None:
    """No verdict, of a program only."""
    if score(comment.votes) or not comment.by_bot or says_result(comment.body):
        return None
    return Report(Outcome.NONE, NOTE)
