"""Decides by its messages whether an account is a CI. Pure; described in docs/collecting.md.

One message proves nothing: people paste what CIs write. An account is a CI when several of
its messages, on several changes, read like a CI's, and few of the others like a person's.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from cibot.collector.formats import gerrits_own, looks_like_ci, parse, plain_to_see
from cibot.collector.formats.comment import score
from cibot.collector.formats.tags import of_program
from cibot.collector.header import split_header
from cibot.model import Account, Message, Outcome, Report

LOOKED_AT = 200
"""How many of an account's newest messages are weighed."""
MESSAGES = 3
"""The fewest machine-written messages (`looks_like_ci`) of a CI, …"""
CHANGES = 2
"""… on so many changes, make a CI, …"""
SHARE = 1 / 2
"""… where they are at least so many of all that a person could have written, and they."""
VOTES = 5
"""So many verdicts with a vote and a link or a tag, …"""
VOTED_CHANGES = 3
"""… on so many changes, make a CI, too, …"""
VOTED_SHARE = 4 / 5
"""… where nearly nothing else is written, and so many of them …"""
SHAPES = 3
"""… are of so few shapes, …"""
REPEATED = 5
"""… or of a shape for each five of them: programs repeat themselves, people do not."""
_VARIES = re.compile(r"(?<!\S)(?=\S*://)\S+|\b[0-9a-f]{7,40}\b|\d+|\s+")


@dataclass(slots=True)
class CiEvidence:
    """What one account's messages say of it; `add` each, then ask `shows_ci`."""

    typed: int = 0  # machine-written messages
    voted: int = 0  # verdicts with a vote and a link or a tag
    other: int = 0  # a person could have written these
    changes: set[int] = field(default_factory=set)
    voted_changes: set[int] = field(default_factory=set)
    voted_shapes: Counter[str] = field(default_factory=Counter)

    def add(self, change: int, message: Message, account: Account | None) -> bool:
        """Weighs one message on the change with that row or number; whether it speaks for a CI."""
        if gerrits_own(message.tag):
            return False
        report = parse(
            message.text, account=account, tag=message.tag, votes=message.votes, form=False
        )
        if report is not None and looks_like_ci(report, message.tag):
            self.typed += 1
            self.changes.add(change)
            return True
        if report is not None and _votes_with_link(report, message):
            self.voted += 1
            self.voted_changes.add(change)
            self.voted_shapes[_VARIES.sub(" ", message.text[:500].lower())] += 1
            return True
        if report is None:
            self.other += not _withdraws_vote(message)
        else:
            self.other += not _neutral(report)
        return False

    @property
    def shows_ci(self) -> bool:
        """Whether that is enough to call the account a CI's."""
        both = self.typed + self.voted
        share = both / (both + self.other) if both else 0.0
        if self.typed >= MESSAGES and len(self.changes) >= CHANGES and share >= SHARE:
            return True
        shapes = max(SHAPES, self.voted // REPEATED)
        repeated = sum(count for _, count in self.voted_shapes.most_common(shapes))
        if repeated < VOTED_SHARE * self.voted:
            return False
        changes = self.changes | self.voted_changes
        return both >= VOTES and len(changes) >= VOTED_CHANGES and share >= VOTED_SHARE


def may_be_ci(message: Message, account: Account | None) -> bool:
    """Whether a message is one that evidence is made of; most of people's are not."""
    return CiEvidence().add(0, message, account)


def _votes_with_link(report: Report, message: Message) -> bool:
    """A verdict by a vote on a label of machines, with a link or under a program's tag."""
    if report.outcome not in (Outcome.SUCCESS, Outcome.FAILURE):
        return False
    if "://" not in message.text and not of_program(message.tag):
        return False
    votes = [vote for vote in split_header(message.text)[1] if "review" not in vote.label.lower()]
    return score(votes) != 0


def _withdraws_vote(message: Message) -> bool:
    """Only a vote taken back, and a link at most: how some CIs say that they begin."""
    _patch_set, votes, body = split_header(message.text)
    words = _VARIES.sub("", body)
    return bool(votes) and not words and all(vote.value in (None, 0) for vote in votes)


def _neutral(report: Report) -> bool:
    """Rechecks and notices, and starts and stops in a CI's words: they say nothing either way."""
    if report.outcome is Outcome.NONE:
        return True
    return report.format in plain_to_see()
