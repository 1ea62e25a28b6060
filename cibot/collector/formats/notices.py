"""What Gerrit itself and people write: understood, and it judges nothing."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment, withdrawn
from cibot.collector.formats.words import word_set
from cibot.model import Outcome, Report

NAME = "notice"
_NONE = Report(Outcome.NONE, NAME)

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
    "Topic ",
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
    "Cherry Picked from ",
    "Attention set ",
    "Added to attention set",
    "Added reviewer",
    "Outdated Votes:",
    "Copied votes ",
    "Copied Votes:",
    "Change cannot be merged",
    "Change could not be merged",
    "Submitted ",
    "Change marked ",
    "Auto-abandoned",
    "Edit description",
    "Changed merge base",
    "Merge patch set",
    "Updated ",
    "Custom Keyed Values",
    "Staged ",
    "Unstaged",
    "Added to ",
    "Merged into ",
    "Deferred",
    "Reopened",
    "Cherry-pick",
    "Successfully created cherry",
    "Thank you for your first ",
    "Congratulations on opening your first ",
)
_FIRST = frozenset(word[0] for word in _GERRIT)
_ASKS = word_set(
    "recheck reverify retest rerun retry regate re-run re-check rebuild run-tests recheck. "
    "remerge recheckgate /recheck /retest /test /rebuild !recheck"
)


def read(comment: Comment) -> Report | None:
    """Gerrit's own messages, rechecks, quotes of others, votes taken back."""
    body = comment.body
    if not body:
        return _NONE if not comment.votes or withdrawn(comment.votes) else None
    if body[0] in _FIRST and body.startswith(_GERRIT):
        return _NONE
    if body.startswith("I noticed ") and " failed, " in body[:60]:  # which known bug it was
        return _NONE
    if body[0] == ">" and not comment.lines:
        return _NONE
    word = body[:40].split(None, 1)[0].lower() if not body[0].isspace() else ""
    if word in _ASKS and len(body) < 400:
        return _NONE
    return None
