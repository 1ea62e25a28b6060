"""The evidence of each failure as it was known at its time, bounded as the product bounds it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bench.weighing.history import History, Told
from cibot.health.weighing.evidence import FailureFacts, Neighbour, SameReport, evidence_of
from cibot.health.weighing.neighbours import CHANGES_READ, by_patch_set, pair_rates
from cibot.health.weighing.past import REPORTS_READ, ci_again, past_of
from cibot.health.weighing.runs import BuildRun
from cibot.model import Result


@dataclass(slots=True)
class _Known:
    """What was told until now."""

    of_ci: dict[str, deque[Told]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=REPORTS_READ))
    )
    on_change: dict[int, list[Told]] = field(default_factory=lambda: defaultdict(list))

    def add(self, told: Told) -> None:
        self.of_ci[told.ci].append(told)
        self.on_change[told.change_id].append(told)


def gathered(
    history: History, wanted: Iterable[tuple[Told, str]]
) -> Iterator[tuple[Told, str, FailureFacts]]:
    """The evidence of the failures ``wanted``, in order of time."""
    by_report: dict[int, list[str]] = defaultdict(list)
    for told, job in wanted:
        by_report[id(told)].append(job)
    known = _Known()
    for told in history.told:
        jobs = by_report.get(id(told))
        if jobs:
            yield from _evidence(history, known, told, jobs)
        known.add(told)


def _evidence(
    history: History, known: _Known, told: Told, wanted: list[str]
) -> Iterator[tuple[Told, str, FailureFacts]]:
    runs: dict[str, list[BuildRun]] = defaultdict(list)
    for report in known.of_ci[told.ci]:
        for job, run in report.jobs.items():
            runs[job].append(run)
    usual = ci_again(runs, told.change_id, history.unchanged)
    earlier = [report for report in known.on_change[told.change_id] if report.ci == told.ci]
    failed = sum(not run.passed for run in told.jobs.values())
    for job in wanted:
        past = past_of(runs[job], told.change_id, history.unchanged)
        yield (
            told,
            job,
            evidence_of(
                told.jobs[job],
                [report.jobs[job] for report in earlier if job in report.jobs],
                history.unchanged,
                SameReport(failed, len(told.jobs)),
                past,
                usual,
                _neighbours(known, told, runs[job]),
            ),
        )


def _neighbours(known: _Known, told: Told, runs: list[BuildRun]) -> list[Neighbour]:
    """What other CIs say of the patch set, each with how it goes with the job."""
    verdicts = {
        report.ci: report.result is Result.FAIL
        for report in known.on_change[told.change_id]
        if report.ci != told.ci
        and report.patch_set == told.patch_set
        and report.result is not Result.INFRA
    }
    if not verdicts:
        return []
    recent = list(dict.fromkeys(run.change_id for run in reversed(runs)))[:CHANGES_READ]
    said = [
        (report.ci, (change_id, report.patch_set), report.result is Result.FAIL)
        for change_id in recent
        if change_id != told.change_id
        for report in known.on_change[change_id]
        if report.ci in verdicts and report.result is not Result.INFRA
    ]
    rates = pair_rates(runs, by_patch_set(said))
    return [Neighbour(ci, failed, *rates.get(ci, ())) for ci, failed in sorted(verdicts.items())]
