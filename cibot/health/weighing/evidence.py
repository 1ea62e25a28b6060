"""What is known about one failed job when its weight is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar

from cibot.health.weighing.runs import (
    NEVER_AGAIN,
    NO_PAST,
    Again,
    BuildRun,
    Past,
    PatchSetKey,
    same_code,
)
from cibot.model import Result

CHANGES_READ = 40  # the last changes of a job on which other CIs are compared with it

Name = TypeVar("Name")


class Breakdown(StrEnum):
    """What a written result says about the system that ran the job."""

    NONE = "none"  # the job ran to its end, or was aborted by somebody
    NEVER_RAN = "never_ran"  # no node, no such job: nothing of the change was tried
    BROKE = "broke"  # it began, and its system ended it: a timeout, no logs, retries used up
    CONFLICT = "conflict"  # the change does not merge


_NEVER_RAN = frozenset(
    {"NODE_FAILURE", "NOT_REGISTERED", "LOST", "DISK_FULL", "NO_NODE", "NO_HANDLE"}
    | {"UNREACHABLE", "INFRA_FAILURE"}
)
_ABORTS = frozenset({"ABORTED", "ABORT"})  # mostly by the next patch set: says nothing
_CONFLICTS = frozenset({"MERGE_FAILURE", "MERGER_FAILURE", "MERGE_CONFLICT"})


def breakdown(result: Result, word: str) -> Breakdown:
    """What a failed build's word says about its system."""
    written = word.upper().replace(" ", "_").replace("-", "_")
    if written in _CONFLICTS:
        return Breakdown.CONFLICT
    if result is not Result.INFRA or written in _ABORTS:
        return Breakdown.NONE
    return Breakdown.NEVER_RAN if written in _NEVER_RAN else Breakdown.BROKE


class FailRate(NamedTuple):
    """How often another CI failed on some patch sets, of those where it passed or failed."""

    failed: int = 0
    of: int = 0


class Neighbour(NamedTuple):
    """Another CI's verdict on the patch set, and how it usually goes with this job.

    ``where_it_passed`` are the patch sets on which the job passed, ``where_it_failed``
    those on which it failed.
    """

    ci: str
    failed: bool
    where_it_passed: FailRate = FailRate()
    where_it_failed: FailRate = FailRate()


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """The facts that reasons are read from; the failed run itself is part of none.

    ``failed_before`` are the patch sets right before this one on which the job
    failed, newest first. ``passed_unchanged`` is the patch set before this one on
    which it passed, where only base or message changed since. ``failed_here`` is
    how often it had failed on this patch set since it last passed there.
    ``failed_jobs`` of ``voting_jobs`` failed in the same report.
    """

    breakdown: Breakdown = Breakdown.NONE
    word: str = ""
    failed_before: tuple[int, ...] = ()
    passed_unchanged: int | None = None
    passed_here: bool = False
    failed_here: int = 0
    failed_jobs: int = 1
    voting_jobs: int = 1
    past: Past = NO_PAST
    ci_again: Again = NEVER_AGAIN
    neighbours: tuple[Neighbour, ...] = ()


@dataclass(frozen=True, slots=True)
class SameReport:
    """How many voting jobs of the report failed, of how many that ran."""

    failed: int
    voting: int


def evidence_of(
    run: BuildRun,
    earlier: Sequence[BuildRun],
    unchanged: Collection[PatchSetKey],
    report: SameReport,
    past: Past,
    ci_again: Again,
    neighbours: Sequence[Neighbour] = (),
) -> FailureFacts:
    """Puts together what is known; ``earlier`` are the job's runs on the change before ``run``."""
    last: dict[int, BuildRun] = {other.patch_set: other for other in earlier}
    before = [last[number] for number in sorted(last, reverse=True) if number < run.patch_set]
    failed = next((n for n, other in enumerate(before) if other.passed), len(before))
    newest = before[0] if before else None
    carried = (
        newest is not None
        and newest.passed
        and same_code(unchanged, run.change_id, newest.patch_set, run.patch_set)
    )
    here = [other for other in earlier if other.patch_set == run.patch_set]
    again = next((n for n, other in enumerate(reversed(here)) if other.passed), len(here))
    return FailureFacts(
        breakdown=breakdown(run.result, run.word),
        word=run.word,
        failed_before=tuple(other.patch_set for other in before[:failed]),
        passed_unchanged=newest.patch_set if newest is not None and carried else None,
        passed_here=any(other.passed for other in here),
        failed_here=again,
        failed_jobs=report.failed,
        voting_jobs=report.voting,
        past=past,
        ci_again=ci_again,
        neighbours=tuple(neighbours),
    )


def by_patch_set(
    said: Iterable[tuple[Name, PatchSetKey, bool]],
) -> dict[PatchSetKey, dict[Name, bool]]:
    """Whether each CI failed on each patch set, of verdicts as (CI, patch set, failed).

    They are passes and failures in order of time; the last one of a CI and patch set counts.
    """
    by_key: dict[PatchSetKey, dict[Name, bool]] = {}
    for ci, key, failed in said:
        by_key.setdefault(key, {})[ci] = failed
    return by_key


def pair_rates(
    runs: Sequence[BuildRun], said: Mapping[PatchSetKey, Mapping[Name, bool]]
) -> dict[Name, tuple[FailRate, FailRate]]:
    """For each other CI: how often it failed where the job passed, and where it failed.

    ``said`` is what `by_patch_set` makes of the others' verdicts; of the job's ``runs``
    on a patch set the last one counts.
    """
    job = {(run.change_id, run.patch_set): run.passed for run in runs}
    counts: dict[Name, list[int]] = {}
    for key, passed in job.items():
        place = 0 if passed else 2
        for ci, failed in said.get(key, {}).items():
            row = counts.setdefault(ci, [0, 0, 0, 0])
            row[place] += failed
            row[place + 1] += 1
    return {ci: (FailRate(*row[:2]), FailRate(*row[2:])) for ci, row in counts.items()}
