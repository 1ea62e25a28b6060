"""The evidence of each failure as it was known at its time, bounded as the product bounds it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bench.weighing.history import History, JudgedReport
from cibot.health.weighing.evidence import (
    CHANGES_READ,
    FailureFacts,
    Neighbour,
    SameReport,
    by_patch_set,
    evidence_of,
    pair_rates,
)
from cibot.health.weighing.runs import REPORTS_READ, BuildRun, ci_again, past_of
from cibot.model import Result


@dataclass(slots=True)
class _SoFar:
    """The reports until now."""

    of_ci: dict[str, deque[JudgedReport]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=REPORTS_READ))
    )
    on_change: dict[int, list[JudgedReport]] = field(default_factory=lambda: defaultdict(list))

    def add(self, report: JudgedReport) -> None:
        self.of_ci[report.ci].append(report)
        self.on_change[report.change_id].append(report)


def gathered(
    history: History, wanted: Iterable[tuple[JudgedReport, str]]
) -> Iterator[tuple[JudgedReport, str, FailureFacts]]:
    """The evidence of the failures ``wanted``, in order of time."""
    by_report: dict[int, list[str]] = defaultdict(list)
    for report, job in wanted:
        by_report[id(report)].append(job)
    so_far = _SoFar()
    for report in history.reports:
        jobs = by_report.get(id(report))
        if jobs:
            yield from _evidence(history, so_far, report, jobs)
        so_far.add(report)


def _evidence(
    history: History, so_far: _SoFar, judged: JudgedReport, wanted: list[str]
) -> Iterator[tuple[JudgedReport, str, FailureFacts]]:
    runs: dict[str, list[BuildRun]] = defaultdict(list)
    for report in so_far.of_ci[judged.ci]:
        for job, run in report.jobs.items():
            runs[job].append(run)
    usual = ci_again(runs, judged.change_id, history.unchanged)
    earlier = [report for report in so_far.on_change[judged.change_id] if report.ci == judged.ci]
    failed = sum(not run.passed for run in judged.jobs.values())
    for job in wanted:
        past = past_of(runs[job], judged.change_id, history.unchanged)
        yield (
            judged,
            job,
            evidence_of(
                judged.jobs[job],
                [report.jobs[job] for report in earlier if job in report.jobs],
                history.unchanged,
                SameReport(failed, len(judged.jobs)),
                past,
                usual,
                _neighbours(so_far, judged, runs[job]),
            ),
        )


def _neighbours(so_far: _SoFar, judged: JudgedReport, runs: list[BuildRun]) -> list[Neighbour]:
    """What other CIs say of the patch set, each with how it goes with the job."""
    verdicts = {
        report.ci: report.result is Result.FAIL
        for report in so_far.on_change[judged.change_id]
        if report.ci != judged.ci
        and report.patch_set == judged.patch_set
        and report.result is not Result.INFRA
    }
    if not verdicts:
        return []
    recent = list(dict.fromkeys(run.change_id for run in reversed(runs)))[:CHANGES_READ]
    said = [
        (report.ci, (change_id, report.patch_set), report.result is Result.FAIL)
        for change_id in recent
        if change_id != judged.change_id
        for report in so_far.on_change[change_id]
        if report.ci in verdicts and report.result is not Result.INFRA
    ]
    rates = pair_rates(runs, by_patch_set(said))
    return [Neighbour(ci, failed, *rates.get(ci, ())) for ci, failed in sorted(verdicts.items())]
