"""What Gerrit itself and people write: understood, and it judges nothing."""

from __future__ import annotations

import re

from cibot.collector.formats.comment import Comment, score, withdrawn
from cibot.collector.formats.lines import read_builds
from cibot.collector.formats.tags import gerrits_own
from cibot.collector.formats.text import word_set
from cibot.collector.formats.verdict import verdict
from cibot.model import Outcome, Report

NAME = "notice"
_NONE = Report(Outcome.NONE, NAME)

# Sentences that Gerrit, or a bot that moves changes about, begins so.
_GERRIT = (
    "Change has been successfully ",
    "Uploaded patch set ",
    "Uploaded new patch set",
    "Abandoned",
    "Restored",
    "Reverted",
    "Removed ",
    "Patch Set ",  # "Patch Set 1 was rebased", after its head
    "Commit message was ",
    "Published edit on patch set",
    "New patch set was added",
    "Hashtag",
    "Assignee ",
    "Set Work In Progress",
    "Set Ready For Review",
    "Set private",
    "Unset private",
    "Change message removed by",
    "Created a revert of this change as",
    "Created a cherry-pick",
    "This change is ready for review.",
    "(Performed by ",
    "Change destination moved from ",
    "Cherry Picked",
    "This patchset was ",
    "Attention set ",
    "Added to attention set",
    "Added reviewer",
    "Outdated Votes:",
    "Copied votes ",
    "Copied Votes:",
    "Change cannot be merged",
    "Change could not be merged",
    "Change marked ",
    "Auto-abandoned",
    "Edit description",
    "Changed merge base",
    "Custom Keyed Values",
    "Submitted builds for topic",
    "Staged ",
    "Unstaged",
    "Cherry-pick",
    "Successfully created cherry",
    "Congratulations on opening your first ",
)
_ADMITTED = ("User approved, ", "User not approved, ")  # whether Jenkins may begin
# Words that begin such a sentence as well as a CI's verdict: "Topic build failed".
_EITHER = (
    "Topic ",
    "Merge patch set",
    "Updated ",
    "Added to ",
    "Merged into ",
    "Deferred",
    "Reopened",
    "Thank you for your first ",
)
_OPENINGS = (*_GERRIT, *_EITHER)
_FIRST = frozenset(word[0] for word in _OPENINGS)
_ASKS = word_set(
    "recheck reverify retest rerun retry regate re-run re-check rebuild run-tests recheck. "
    "remerge recheckgate retrigger pleasetest /recheck /retest /test /rebuild !recheck"
)
_INVITED = re.compile(r"\badd(?:ed|ing|s)?\b[^.@]{0,60}\b(?:people|reviewers?|cc)\b", re.IGNORECASE)
_LINKS = word_set("has have is was run build job test tests")


def by_gerrit(body: str) -> bool:
    """Whether a comment begins as only Gerrit's own messages do."""
    return body.startswith(_GERRIT)


def read(comment: Comment) -> Report | None:
    """Gerrit's own messages, rechecks, quotes of others, votes taken back.

    The first word alone hides neither a vote nor job lines.
    """
    body = comment.body
    if not body:
        return _NONE if not comment.votes or withdrawn(comment.votes) else None
    quotes_alone = body[0] == ">" and not comment.lines
    admits = body.startswith(_ADMITTED) and len(comment.lines) == 1
    if quotes_alone or gerrits_own(comment.tag) or admits:
        return _NONE
    if body[0] in _FIRST and body.startswith(_OPENINGS):
        return None if _reports(comment) else _NONE
    noticed = body.startswith("I noticed ") and " failed, " in body[:60]  # which known bug it was
    if noticed or _invites(comment):
        return _NONE
    word = body[:40].split(None, 1)[0].lower() if not body[0].isspace() else ""
    if word in _ASKS and len(body) < 400 and not _answers(comment):
        return _NONE
    return None


def _invites(comment: Comment) -> bool:
    """``The script added following people to this review: a@example.org``, and nothing else."""
    first = comment.first
    if len(comment.lines) != 1 or comment.votes or not ("@" in first or " script " in first):
        return False
    return _INVITED.search(first) is not None


def _reports(comment: Comment) -> bool:
    """Whether there is a vote, or a line that tells of a job."""
    if score(comment.votes):
        return True
    return ":" in comment.body and bool(read_builds(comment.lines))


def _answers(comment: Comment) -> bool:
    """Whether the word asks for nothing: "Retest succeeded: URL" tells how it went."""
    if comment.by_bot and ":" in comment.body and read_builds(comment.lines):
        return True
    if not comment.by_bot and not score(comment.votes):
        return False
    words = comment.first.split()
    if comment.by_bot and words[1:2] and words[1][-1] == ":":  # "Recheck finished: all green"
        return verdict(comment.first) in (Outcome.SUCCESS, Outcome.FAILURE)
    spoken = words[:3] if words[1:2] and words[1].lower() in _LINKS else words[:2]
    return verdict(" ".join(spoken)) in (Outcome.SUCCESS, Outcome.FAILURE)
