"""Whether a CI's words say that a change does not merge."""

from __future__ import annotations

import re

from cibot.collector.formats.comment import Comment, score
from cibot.collector.formats.verdict import verdict
from cibot.model import Outcome

_UNMERGED = re.compile(
    r"(?:can ?not|can't|could not|couldn't|unable to|fail(?:s|ed) to|does not|doesn't|did not|"
    r"will not|not(?= be | apply cleanly| merge the| merged by))(?: be)?(?: \w+ly)? "
    r"(?:merged?|rebased?|cherry-pick(?:ed)?|appl(?:y|ied)(?! (?:to|for) ))\b|"
    r"patch(?: ?set)? (?:does not|doesn't|did not) apply\b|"
    r"no longer appl(?:y|ies)\b|"
    r"(?:merge|rebase) conflict|conflict \((?:content|modify)|has conflicts|"
    r"^conflicts? with |conflicts with (?:'|the )|conflicts? in |"
    r"rebase (?:failed|(?:is )?(?:needed|required))"
)

_CHANGE = ("this change ", "this patch ", "this commit ", "your change ", "the change ")


def says_unmerged(lower: str) -> bool:
    """Whether a line in lower case says that something does not merge, apply or rebase."""
    return _UNMERGED.search(lower) is not None


def unmerged(comment: Comment) -> bool:
    """Whether the first line, or the one below a bare "Failed", says so."""
    lower = comment.first.lower()
    said = says_unmerged(lower)
    if not comment.by_bot:
        brief = len(lower.split()) <= 4 and lower == comment.body.strip().lower()
        if said and brief and score(comment.votes) < 0:  # "Can not be merged"
            return True
        return said and lower.startswith(_CHANGE)
    if said:
        return verdict(comment.first) is not Outcome.SUCCESS
    below = comment.lines[1].lower() if len(comment.lines) == 2 else ""
    return says_unmerged(below) and verdict(comment.first) is Outcome.FAILURE
