"""The facts that the rest of cibot speaks about: frozen, and free of I/O.

Words are those of their fields: change, patch set, account, vote and change
message are Gerrit's; build, result, pipeline and voting are Zuul's. A *CI* is
one third-party system with one or more accounts; a *report* is what one change
message of a CI says. Every time is an aware datetime in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What one change message of a CI says as a whole."""

    SUCCESS = "success"
    FAILURE = "failure"
    STARTED = "started"
    MERGE_FAILURE = "merge_failure"
    NONE = "none"  # understood, and it judges nothing: a notice, a cancelled pipeline


class Result(StrEnum):
    """What a build or a report counts as when a CI is judged."""

    PASS = "pass"
    FAIL = "fail"
    INFRA = "infra"  # the system broke, not the change
    SKIPPED = "skipped"  # counts nowhere


class State(StrEnum):
    """How a CI is, worst first."""

    SILENT = "silent"
    FAILING = "failing"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    HEALTHY = "healthy"

    rank: int
    """0 is the worst; sorting by it puts the worst first."""
    bad: bool
    """Whether it accuses; *unknown* neither accuses nor acquits."""

    shape: str
    """The one-character mark that stands for the state where colour may not."""

    def __init__(self, value: str) -> None:
        self.rank = len(type(self).__members__)
        self.bad = value not in ("unknown", "healthy")
        self.shape = "○■▲?●"[self.rank]


@dataclass(frozen=True, slots=True)
class Account:
    """A Gerrit account as one message or event names it.

    REST gives ``gerrit_id``; events do not, and name it by username or e-mail.
    """

    gerrit_id: int | None = None
    username: str | None = None
    name: str | None = None
    email: str | None = None
    service_user: bool = False


@dataclass(frozen=True, slots=True)
class Vote:
    """A label and its value; None where the message withdrew the vote (``-Verified``)."""

    label: str
    value: int | None


@dataclass(frozen=True, slots=True)
class Build:
    """One job's run as a report tells of it.

    ``result`` is the word as written (``SUCCESS``, ``POST_FAILURE``, ``UNSTABLE``),
    ``duration_s`` seconds or None where it was not written.
    """

    name: str
    result: str
    url: str | None = None
    duration_s: float | None = None
    voting: bool = True


NOTE = "note"
"""The format of what a CI wrote without a verdict that we know: it judges nothing, and it stays
among what is to be understood better."""
OUTAGE = "outage"
"""The format of what a CI wrote of its own system, which broke: it counts as infra."""
REFUSAL = "refusal"
"""The format of what Zuul writes where it ran nothing, since a change's configuration is wrong."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one change message of a CI says.

    ``format`` names the family in ``collector/formats`` that understood it, or is `NOTE`.
    """

    outcome: Outcome
    format: str
    pipeline: str | None = None
    builds: tuple[Build, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A Gerrit change message, from REST or from a comment-added event.

    ``message_id`` is None from an event. ``position`` is its index in the
    change's list in REST, the true order inside one second. ``votes`` are what
    the source gives apart from the text (an event's approvals); votes in the text's
    header are read by the parser.
    """

    posted_at: datetime
    text: str
    author: Account | None
    patch_set: int | None
    message_id: str | None = None
    tag: str | None = None
    votes: tuple[Vote, ...] = ()
    position: int | None = None


class PatchSetKind(StrEnum):
    """How a patch set differs from the one before: Gerrit's ChangeKind."""

    REWORK = "REWORK"
    TRIVIAL_REBASE = "TRIVIAL_REBASE"
    TRIVIAL_REBASE_WITH_MESSAGE_UPDATE = "TRIVIAL_REBASE_WITH_MESSAGE_UPDATE"
    MERGE_FIRST_PARENT_UPDATE = "MERGE_FIRST_PARENT_UPDATE"
    NO_CODE_CHANGE = "NO_CODE_CHANGE"  # the commit message
    NO_CHANGE = "NO_CHANGE"


UNCHANGED = frozenset(PatchSetKind) - {
    PatchSetKind.REWORK,
    PatchSetKind.MERGE_FIRST_PARENT_UPDATE,
}
"""Kinds of patch sets that have the code of the one before: only base or message is new."""


@dataclass(frozen=True, slots=True)
class PatchSet:
    """One version of a change; ``kind`` is None where no source gave it.

    ``revision`` is its commit and ``parent`` the first one below it; both None where no source
    gave them.
    """

    number: int
    uploaded_at: datetime
    kind: PatchSetKind | None = None
    revision: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change as one answer of REST or one event shows it.

    From an event ``messages`` holds at most that event's comment and
    ``patch_sets`` at most its patch set. ``complete`` says that ``messages``
    is the whole list, as REST gives it, and ``asked_at`` when REST was asked, where
    that is known. ``closed`` is when it was merged or abandoned; None while it is
    open or unknown. A ``private`` one concerns only its
    owner's and reviewers'.
    """

    number: int
    project: str
    branch: str
    subject: str
    status: str  # NEW, MERGED, ABANDONED
    created: datetime
    updated: datetime
    messages: tuple[Message, ...] = ()
    patch_sets: tuple[PatchSet, ...] = ()
    owner: Account | None = None
    complete: bool = False
    closed: datetime | None = None
    private: bool = False
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time, ``since <= t < until``."""

    since: datetime
    until: datetime

    @classmethod
    def before(cls, until: datetime, length: timedelta) -> Window:
        """The window of ``length`` that ends at ``until``."""
        return cls(until - length, until)

    def __contains__(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


@dataclass(frozen=True, slots=True)
class Channel:
    """A room on a network; written ``network/room`` in the configuration."""

    network: str
    room: str

    def __str__(self) -> str:
        return f"{self.network}/{self.room}"

    @classmethod
    def parse(cls, text: str) -> Channel:
        """Reads ``network/room``; raises ValueError when a part is missing."""
        network, slash, room = text.partition("/")
        if not (network and slash and room):
            raise ValueError(f"{text!r} is not a channel; write NETWORK/ROOM")
        return cls(network, room)


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that somebody muted. ``ci`` is a CI's name or, with ``is_pattern``, a pattern.

    Without it also where the name reads like one: a CI that calls itself ``[!x]*`` must not
    mute the others. ``ended_at`` and ``ended_by`` are set when somebody ended it before ``until``.
    """

    id: int
    ci: str
    since: datetime
    until: datetime
    by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    is_pattern: bool = False

    @property
    def end(self) -> datetime:
        """When it mutes no more."""
        return self.ended_at or self.until

    def active(self, at: datetime) -> bool:
        """Whether it mutes anything then."""
        return self.ended_at is None and self.since <= at < self.until
