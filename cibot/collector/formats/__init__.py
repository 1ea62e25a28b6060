"""What CIs write, by families: one file each, one line each in `FAMILIES`.

Pure, and linear in the length of the text; what is longer than `MAX_CHARS` is
cut. Texts that no family understands are None: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from cibot.collector.formats import (
    buildbot,
    github_actions,
    grouped,
    jenkins,
    lint,
    listing,
    lists,
    luci,
    notices,
    prow,
    sentence,
    votes,
    zuul,
)
from cibot.collector.formats.comment import MAX_CHARS, Comment
from cibot.collector.formats.words import word_set
from cibot.collector.header import split_header
from cibot.model import Account, Outcome, Report, Vote

__all__ = ["FAMILIES", "looks_like_ci", "parse", "split_header"]

# The first that understands a comment has it: the surest shapes stand first.
FAMILIES = (
    notices.read,
    zuul.read,
    jenkins.read,
    github_actions.read,
    luci.read,
    buildbot.read,
    prow.read,
    lists.read,
    listing.read,
    grouped.read,
    lint.read,
    sentence.read,
    votes.read,
    lint.read_note,
)
_PLAIN_TO_SEE = word_set(
    "zuul jenkins github-actions result-url luci buildbot prow list listing grouped"
)


def parse(
    text: str,
    *,
    account: Account | None = None,
    tag: str | None = None,
    votes: Sequence[Vote] = (),
) -> Report | None:
    """What one change message says, or None where it is not understood.

    ``votes`` are those that the source gives beside the text; the ones in the
    text's head count first. ``account`` and ``tag`` help to tell a program
    from a person. Never raises; time is linear and bounded (`MAX_CHARS`).
    """
    if len(text) > MAX_CHARS + 1000:
        text = text[: MAX_CHARS + 1000]
    _, in_head, body = split_header(text)
    comment = Comment(body, in_head, given=votes, account=account, tag=tag)
    for read in FAMILIES:
        report = read(comment)
        if report is not None:
            return report
    return None


def looks_like_ci(report: Report) -> bool:
    """Whether a report alone shows that its author is a CI.

    True for a verdict with builds in the shape that CI systems write; false for
    votes, sentences and job lines among a person's prose.
    """
    if report.format not in _PLAIN_TO_SEE or not report.builds:
        return False
    return report.outcome in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.STARTED)
