"""What a CI's reports said lately: its verdicts, its failures and their jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cibot.model import Result
from cibot.reports.context import gerrit_page, same_fields
from cibot.store.cis import HeardReport, latest_reports
from cibot.store.engine import Tx
from cibot.store.reports import StoredBuild, VerdictRow, builds_of
from cibot.store.status import results_since

BAD = {Result.FAIL, Result.INFRA}
_MOST = 500  # reports looked at: enough for a figure, and cheap
_FAILURES = 100
Attempt = TypeVar("Attempt", HeardReport, VerdictRow)


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that did not pass: its result as written, and its log."""

    name: str
    word: str
    url: str | None
    voting: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """A CI's report on a patch set. ``result`` is None where it judges nothing."""

    number: int
    patch_set: int | None
    project: str
    subject: str
    pipeline: str | None
    outcome: str | None
    result: Result | None
    posted_at: datetime
    failed_jobs: tuple[FailedJob, ...]
    page: str | None


@dataclass(frozen=True, slots=True)
class JobShare:
    """A job failed in ``failed`` of the ``of`` failures that name their jobs."""

    job: str
    failed: int
    of: int


def verdict_of(result: str | None) -> Result | None:
    """The stored word as a Result."""
    return Result(result) if result in set(Result) else None


def latest_attempts(reports: Iterable[Attempt]) -> list[Attempt]:
    """Of reports that come newest first, the last of each patch set and pipeline."""
    latest: dict[tuple[int, int | None, str | None], Attempt] = {}
    for report in reports:
        latest.setdefault((report.change_id, report.patch_set, report.pipeline), report)
    return list(latest.values())


def worst_job(tx: Tx, ci_id: int, since: datetime | None) -> JobShare | None:
    """The job that fails most in its last 100 failures since then; None where none stands out."""
    last = latest_attempts(results_since(tx, ci_id, since, _MOST))
    bad = [(row.change_id, row.seq) for row in last if row.result in BAD][:_FAILURES]
    return _worst_job(builds_of(tx, bad).values())


def failures(
    tx: Tx,
    ci_id: int,
    since: datetime | None = None,
    limit: int = _FAILURES,
    *,
    branch: str | None = None,
) -> tuple[Verdict, ...]:
    """A CI's last failures since then, newest first, among its last 500 reports on a branch."""
    reports = latest_reports(tx, ci_id, since=since, judging=True, limit=_MOST, branch=branch)
    bad = [report for report in latest_attempts(reports) if report.result in BAD]
    return verdicts(tx, bad[:limit])


def _worst_job(failed: Iterable[Sequence[StoredBuild]]) -> JobShare | None:
    """The job that alone fails most often, in at least half of the failures with builds."""
    named = [
        {build.job for build in builds if build.voting and build.result in BAD}
        for builds in failed
        if any(build.result in BAD for build in builds)
    ]
    counts = Counter(name for names in named for name in names)
    if not counts:
        return None
    (job, count), *others = counts.most_common(2)
    stands_out = 2 * count >= len(named) and all(count > other for _job, other in others)
    return JobShare(job, count, len(named)) if stands_out else None


def verdicts(tx: Tx, reports: Sequence[HeardReport]) -> tuple[Verdict, ...]:
    """Reports with the jobs that did not pass, and the address of their patch set."""
    builds = builds_of(
        tx, [(report.change_id, report.seq) for report in reports if report.result in BAD]
    )
    return tuple(
        Verdict(
            **same_fields(Verdict, report) | {"result": verdict_of(report.result)},
            failed_jobs=tuple(
                FailedJob(build.job, build.word, build.url, build.voting)
                for build in builds.get((report.change_id, report.seq), ())
                if build.result in BAD
            ),
            page=gerrit_page(report.url, report.project, report.number, report.patch_set),
        )
        for report in reports
    )
