"""What judging looks at: the facts that the store hands over about one CI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.model import Result

_COUNTED = frozenset({Result.PASS, Result.FAIL})


@dataclass(frozen=True, slots=True)
class JobRun:
    """One voting build of a report."""

    job: str
    result: Result
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One final report of the CI on one patch set; every attempt is one of these.

    ``change_id`` is the store's key and ``change`` Gerrit's number. ``result``
    is what the voting builds make of it; ``reference`` is that of the reference
    CI's attempt nearest in time on the same patch set, None where it is not known.
    ``job`` and ``url`` name a failed build to look at, where there is one; ``runs``
    are the voting builds, of the newest reports only. ``unmerged`` says that the
    change did not merge, so that nothing was run.
    """

    change_id: int
    change: int
    patch_set: int
    project: str
    result: Result
    posted_at: datetime
    pipeline: str | None = None
    uploaded_at: datetime | None = None
    reference: Result | None = None
    job: str | None = None
    url: str | None = None
    runs: tuple[JobRun, ...] = ()
    unmerged: bool = False

    @property
    def key(self) -> tuple[int, int, str]:
        """What later attempts share with it."""
        return (self.change_id, self.patch_set, self.pipeline or "")

    @property
    def order(self) -> tuple[datetime, int, int, str, str]:
        """The one order in which results are judged, however they arrived."""
        return (self.posted_at, *self.key, self.result.value)


@dataclass(frozen=True, slots=True)
class Eligible:
    """A patch set that the CI should have reported on.

    It is in the CI's scope, the reference CI (where the project has one) reported
    on it, and it lived past ``deadline``. ``reported`` says whether the CI did.
    """

    change_id: int
    change: int
    patch_set: int
    project: str
    uploaded_at: datetime
    deadline: datetime
    reported: bool


def latest_attempts(judged: Iterable[Judged]) -> list[Judged]:
    """The last attempt on each patch set and pipeline, in order; skipped ones count nowhere."""
    last = {
        one.key: one
        for one in sorted(judged, key=lambda one: one.order)
        if one.result is not Result.SKIPPED
    }
    return sorted(last.values(), key=lambda one: one.order)


def first_verdicts(judged: Iterable[Judged]) -> list[Judged]:
    """The first PASS or FAIL on each patch set and pipeline, in order.

    People recheck failures, not passes: only first attempts show how a CI does
    by itself, and they do not change afterwards.
    """
    first: dict[tuple[int, int, str], Judged] = {}
    for one in sorted(judged, key=lambda one: one.order):
        if one.result in _COUNTED:
            first.setdefault(one.key, one)
    return list(first.values())


def independent(judged: Iterable[Judged], bad: Result = Result.FAIL) -> list[Judged]:
    """Leaves out bad results that repeat the one before on the same change.

    A change that is broken, and that the reference let through, fails with every
    patch set: that is one observation of the CI and not several.
    """
    failing: set[tuple[int, str]] = set()
    kept = []
    for one in judged:
        key = (one.change_id, one.pipeline or "")
        if one.result is not bad:
            failing.discard(key)
        elif key in failing:
            continue
        else:
            failing.add(key)
        kept.append(one)
    return kept


def fair(judged: Sequence[Judged]) -> list[Judged]:
    """The passes and failures that speak of the CI and not of the change.

    Where a project's reference is known at all, only patch sets that the
    reference passed; in a project without one, everything.
    """
    referenced = {one.project for one in judged if one.reference is not None}
    return [
        one
        for one in judged
        if one.result in _COUNTED
        and (one.reference is Result.PASS or one.project not in referenced)
    ]
