"""What became of a failure, from the history after it: was it the change?

A failed voting job on an open change's current patch set is *not the change's
fault* when the job passed later on the same code: the same patch set, or next
ones that only rebased it or changed its message. It is *the change's fault*
when it failed again on the same code while it passed on another change in
between; or it failed on two patch sets and passed for the first time after new
code; or it failed three times and never passed, while it passed on others.
Everything else is unknown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import takewhile

from bench.weighing.history import History, JudgedReport
from cibot.health.weighing.evidence import Breakdown, breakdown
from cibot.health.weighing.runs import BuildRun, same_code

_ATTEMPTS = 3
Key = tuple[str, str]  # (CI, job)


class Truth:
    """Labels the failures of a history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._runs: dict[tuple[str, str, int], list[BuildRun]] = {}
        self._passes: dict[Key, list[tuple[float, int]]] = {}
        for report in history.reports:
            for job, run in report.jobs.items():
                self._runs.setdefault((report.ci, job, report.change_id), []).append(run)
                if run.passed:
                    self._passes.setdefault((report.ci, job), []).append((run.at, run.change_id))

    def labelled(self) -> Iterator[tuple[JudgedReport, str, bool]]:
        """Every labelled failure: its report, its job, and whether the change is innocent."""
        for report in self._history.reports:
            for job in failures(self._history, report):
                innocent = self._innocent(report.ci, job, report.jobs[job])
                if innocent is not None:
                    yield report, job, innocent

    def _innocent(self, ci: str, job: str, run: BuildRun) -> bool | None:
        runs = self._runs[ci, job, run.change_id]
        later = [other for other in runs if other.at > run.at and other.patch_set >= run.patch_set]
        same = [
            other
            for other in later
            if same_code(self._history.unchanged, run.change_id, run.patch_set, other.patch_set)
        ]
        if any(other.passed for other in same):
            return True
        if same and self._passed_elsewhere((ci, job), run, run.at, same[-1].at):
            return False
        return False if self._its_fault((ci, job), run, runs) else None

    def _its_fault(self, key: Key, run: BuildRun, runs: Sequence[BuildRun]) -> bool:
        failed = list(takewhile(lambda other: not other.passed, runs))
        first_pass = next((other for other in runs if other.passed), None)
        if first_pass is not None:
            tried = {other.patch_set for other in failed}
            return (
                first_pass.at > run.at and first_pass.patch_set > run.patch_set and len(tried) > 1
            )
        return len(failed) >= _ATTEMPTS and self._passed_elsewhere(
            key, run, failed[0].at, failed[-1].at
        )

    def _passed_elsewhere(self, key: Key, run: BuildRun, since: float, until: float) -> bool:
        passes = self._passes.get(key, [])
        for at, change_id in passes[bisect_right(passes, (since, 2**63)) :]:
            if at >= until:
                return False
            if change_id != run.change_id:
                return True
        return False


def failures(history: History, report: JudgedReport) -> list[str]:
    """The jobs of a report whose failure is weighed: voting, on the current patch set."""
    review = history.reviews[report.change_id]
    if not review.current(report.patch_set, report.at):
        return []
    return [
        job
        for job, run in report.jobs.items()
        if not run.passed and breakdown(run.result, run.word) is not Breakdown.CONFLICT
    ]
