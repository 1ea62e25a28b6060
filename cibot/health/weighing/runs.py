"""Runs of a job: which of them tried the same code, and what it did on other changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cibot.model import Result

REPORTS_READ = 150  # of a CI: its last judging reports, from which the past of its jobs is read
CHANGES = 10  # the last other changes whose failing share is a reason
HOPELESS = 15  # other changes in a row that failed: from then on a failure says nothing
_FAILURES = 40  # the last of a job's failures that were followed by another run
_CI_FAILURES = 200  # of all jobs of its CI

PatchSetKey = tuple[int, int]  # (change, patch set)


class BuildRun(NamedTuple):
    """One voting build. ``at`` is in seconds of the epoch, ``word`` the result as written."""

    at: float
    change_id: int
    patch_set: int
    result: Result
    word: str = ""

    @property
    def passed(self) -> bool:
        return self.result is Result.PASS


def same_code(unchanged: Collection[PatchSetKey], change_id: int, earlier: int, later: int) -> bool:
    """Whether a later patch set has the code of an earlier one.

    ``unchanged`` holds the patch sets that only rebased the one before, or only
    changed its commit message.
    """
    if earlier > later:
        return False
    return all((change_id, number) in unchanged for number in range(earlier + 1, later + 1))


class Again(NamedTuple):
    """How many failures were followed by another run, and passed then with the code unchanged."""

    passed: int = 0
    of: int = 0


NEVER_AGAIN = Again()


def run_again(runs: Sequence[BuildRun], unchanged: Collection[PatchSetKey]) -> list[bool]:
    """What came of each failure of one job: True where the next run of the same code passed.

    ``runs`` are in order of time. Failures that nothing followed on their change
    are left out; those that passed only after new code, or failed again, are False.
    """
    last: dict[int, BuildRun] = {}
    passed = []
    for run in runs:
        before = last.get(run.change_id)
        if before is not None and not before.passed and run.patch_set >= before.patch_set:
            same = same_code(unchanged, run.change_id, before.patch_set, run.patch_set)
            passed.append(run.passed and same)
        last[run.change_id] = run
    return passed


@dataclass(frozen=True, slots=True)
class Past:
    """A job's runs on other changes than the one that is asked about, before a moment.

    Each change counts with its last run. ``streak`` is how many of the newest
    changes failed in a row, ``passed_at`` when it passed last (seconds).
    """

    failed: int = 0
    of: int = 0
    streak: int = 0
    passed_at: float | None = None
    again: Again = NEVER_AGAIN


NO_PAST = Past()


def past_of(runs: Sequence[BuildRun], change_id: int, unchanged: Collection[PatchSetKey]) -> Past:
    """What a job's ``runs``, in order of time, say apart from those on ``change_id``."""
    others = [run for run in runs if run.change_id != change_id]
    newest: dict[int, BuildRun] = {}
    for run in reversed(others):
        newest.setdefault(run.change_id, run)
    latest = list(newest.values())
    near = latest[:CHANGES]
    streak = next((n for n, run in enumerate(latest) if run.passed), len(latest))
    again = run_again(others, unchanged)[-_FAILURES:]
    return Past(
        failed=sum(not run.passed for run in near),
        of=len(near),
        streak=streak,
        passed_at=max((run.at for run in others if run.passed), default=None),
        again=Again(sum(again), len(again)),
    )


def ci_again(
    jobs: Mapping[str, Sequence[BuildRun]], change_id: int, unchanged: Collection[PatchSetKey]
) -> Again:
    """What came of the failures of all jobs of a CI on other changes."""
    ends: list[bool] = []
    for runs in jobs.values():
        ends += run_again([run for run in runs if run.change_id != change_id], unchanged)
    last = ends[-_CI_FAILURES:]
    return Again(sum(last), len(last))
