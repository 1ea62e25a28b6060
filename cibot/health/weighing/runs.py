"""Runs of a job, and which of them tried the same code."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from cibot.model import Result

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
