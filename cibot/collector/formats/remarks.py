"""What a program says without a vote: short lines under a title, or no word of a verdict at all."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment, score
from cibot.collector.formats.parts import summed_up
from cibot.collector.formats.verdict import says_result
from cibot.model import NOTE, Outcome, Report

NAME = "summary"


def read(comment: Comment) -> Report | None:
    """Of a program only: links, queues and thanks; of a CI what its short lines sum up to."""
    if score(comment.votes) or not comment.by_bot:
        return None
    if not says_result(comment.body):
        return Report(Outcome.NONE, NOTE)
    said = summed_up(comment) if comment.by_ci else None
    return Report(said, NAME) if said is not None else None
