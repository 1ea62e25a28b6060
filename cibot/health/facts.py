"""What judging one CI starts from: what was stored about the changes that concern it.

Times are seconds of the epoch, UTC: a history holds millions of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cibot.health.state import made
from cibot.model import Result

DAY = 86_400.0


class JobRun(NamedTuple):
    """One build of a report; ``seconds`` is how long it took, None where it was not written."""

    job: str
    result: Result
    url: str | None = None
    voting: bool = True
    seconds: float | None = None


class Proof(NamedTuple):
    """One result that a signal may show as evidence."""

    at: float
    change_id: int
    number: int
    patch_set: int
    pipeline: str = ""
    job: str | None = None
    url: str | None = None
    branch: str = ""

    def dated(self, at: float) -> Proof:
        """The same of another time; `_replace` takes four times as long."""
        return Proof(at, *self[1:])


PROOF = made(Proof)
"""Reads one that was stored."""


class Upload(NamedTuple):
    """When a patch set came, and where it belongs as far as that is known.

    ``owner`` is the account of whose change it is, ``base`` the lowest open change of its stack:
    the change itself where it stands on no other. Both None where one is unknown. ``subject``
    is a number that stands for all changes of the branch whose subjects begin alike, where
    neither its owner is known nor a reference judges it.
    """

    at: float
    owner: int | None = None
    base: int | None = None
    subject: int | None = None


@dataclass(slots=True)
class Attempt:
    """One report of the CI on one patch set.

    ``result`` is what its voting builds make of it, None where it judges nothing
    (a start notice, a pipeline that does not count). ``final`` says that it is the
    end of a run and not a start notice. ``position`` is its place among the
    change's messages. ``unmerged`` says that the change did not merge, so that
    nothing was run, ``stopped`` that what broke was ended before it had a verdict, and
    ``after_merge`` that its jobs are those that run when a change was merged.
    ``reference`` is the reference CI's verdict that it is paired
    with, ``apart`` how many seconds lie between the two and ``proof`` the result as
    evidence; all three are filled in as the change's course is followed.
    """

    posted_at: float
    position: int
    patch_set: int
    pipeline: str
    result: Result | None
    final: bool = True
    unmerged: bool = False
    stopped: bool = False
    after_merge: bool = False
    runs: tuple[JobRun, ...] = ()
    reference: Result | None = None
    apart: float = 0.0
    proof: Proof | None = None


class RefVerdict(NamedTuple):
    """A PASS or FAIL of the reference CI on a patch set, in a pipeline that counts."""

    posted_at: float
    position: int
    patch_set: int
    result: Result


@dataclass(slots=True)
class ChangeFacts:
    """Everything about one change that concerns one CI.

    ``uploads`` has when each patch set came, ``origins`` its change's owner and the lowest
    open change of its stack where both are known, ``closed_at`` when the change was
    merged or abandoned. ``in_scope`` says that its project and branch are the CI's
    business, ``named`` that the configuration names its branches. ``referenced`` tells
    whether, at a time, the project had a reference CI other than this one.
    """

    change_id: int
    number: int
    project: str
    branch: str = ""
    own: list[Attempt] = field(default_factory=list)
    reference: list[RefVerdict] = field(default_factory=list)
    uploads: dict[int, float] = field(default_factory=dict)
    origins: dict[int, tuple[int, int]] = field(default_factory=dict)
    closed_at: float | None = None
    in_scope: bool = True
    named: bool = False
    subject: int | None = None
    referenced: Callable[[float], bool] = lambda _at: True

    def upload(self, patch_set: int) -> Upload | None:
        """When a patch set came, and where it belongs."""
        at = self.uploads.get(patch_set)
        if at is None:
            return None
        if patch_set in self.origins or self.referenced(at):
            return Upload(at, *self.origins.get(patch_set, ()))
        return Upload(at, subject=self.subject)


def counts(pipeline: str | None, uncounted: Collection[str]) -> bool:
    """Whether a pipeline's results count: none does whose name has an ``uncounted`` word."""
    words = (pipeline or "").lower().replace("_", "-").split("-")
    return not any(word in uncounted for word in words)


_AFTER_MERGE = frozenset({"merge", "publish", "upload"})
_BEFORE = frozenset({"pre", "before", "test", "check", "verify", "gate"})


@lru_cache(4096)
def _follows_merge(job: str) -> bool:
    words = job.lower().replace("_", "-").split("-")
    return not _AFTER_MERGE.isdisjoint(words) and _BEFORE.isdisjoint(words)


def after_merge(jobs: Sequence[str]) -> bool:
    """Whether all jobs are named like those that run when a change was merged, as *docs-upload*."""
    return bool(jobs) and all(map(_follows_merge, jobs))


def moment(at: float) -> datetime:
    """Seconds of the epoch as an aware UTC time."""
    return datetime.fromtimestamp(at, UTC)


def known_moment(at: float | None) -> datetime | None:
    """The same; None where it is not known."""
    return None if at is None else moment(at)
