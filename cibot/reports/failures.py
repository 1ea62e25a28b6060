"""What a CI's reports said lately: its verdicts, its failures and their jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.health.facts import counts
from cibot.model import Result
from cibot.reports.context import gerrit_page
from cibot.store.cis import server_urls
from cibot.store.engine import Tx
from cibot.store.queries_ci import HeardReport, latest_reports
from cibot.store.reports import builds_of

_BAD = {Result.FAIL, Result.INFRA}
_MOST = 500  # reports looked at: enough for a figure, and cheap


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
class Passed:
    """How many of ``n`` results passed; what broke by itself is not among them."""

    passes: int
    n: int


@dataclass(frozen=True, slots=True)
class JobShare:
    """A job failed in ``failed`` of the ``of`` failures that name their jobs."""

    job: str
    failed: int
    of: int


def verdict_of(result: str | None) -> Result | None:
    """The stored word as a Result."""
    return Result(result) if result in set(Result) else None


def latest_attempts(reports: Iterable[HeardReport]) -> list[HeardReport]:
    """Of reports that come newest first, the last of each patch set and pipeline."""
    found: dict[tuple[int, int | None, str | None], HeardReport] = {}
    for one in reports:
        found.setdefault((one.change_id, one.patch_set, one.pipeline), one)
    return list(found.values())


def passed_since(tx: Tx, ci_id: int, since: datetime) -> Passed | None:
    """What passed since then, by last attempts in the pipelines that count.

    None without a result, and beyond 500 reports.
    """
    reports = latest_reports(tx, ci_id, since=since, judging=True, limit=_MOST)
    results = Counter(one.result for one in latest_attempts(reports) if counts(one.pipeline))
    passes, n = results[Result.PASS], results[Result.PASS] + results[Result.FAIL]
    return Passed(passes, n) if n and len(reports) < _MOST else None


def failures(
    tx: Tx, ci_id: int, since: datetime | None = None, limit: int = 100
) -> tuple[Verdict, ...]:
    """A CI's last failures since then, newest first, among its last 500 reports."""
    reports = latest_reports(tx, ci_id, since=since, judging=True, limit=_MOST)
    bad = [one for one in latest_attempts(reports) if one.result in _BAD]
    return verdicts(tx, bad[:limit])


def worst_job(failed: Sequence[Verdict]) -> JobShare | None:
    """The job that fails most often, where it is in at least half of the failures."""
    named = [
        {job.name for job in one.failed_jobs if job.voting} for one in failed if one.failed_jobs
    ]
    counts = Counter(name for names in named for name in names)
    if not counts:
        return None
    job, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return JobShare(job, count, len(named)) if count * 2 >= len(named) else None


def verdicts(tx: Tx, reports: Sequence[HeardReport]) -> tuple[Verdict, ...]:
    """Reports with the jobs that did not pass, and the address of their patch set."""
    builds = builds_of(tx, [(one.change_id, one.seq) for one in reports if one.result in _BAD])
    urls = server_urls(tx)
    return tuple(
        Verdict(
            number=one.number,
            patch_set=one.patch_set,
            project=one.project,
            subject=one.subject,
            pipeline=one.pipeline,
            outcome=one.outcome,
            result=verdict_of(one.result),
            posted_at=one.posted_at,
            failed_jobs=tuple(
                FailedJob(build.job, build.word, build.url, build.voting)
                for build in builds.get((one.change_id, one.seq), ())
                if build.result in _BAD
            ),
            page=_page(urls, one),
        )
        for one in reports
    )


def _page(urls: dict[int, tuple[str, str]], report: HeardReport) -> str | None:
    server = urls.get(report.change_id >> 32)
    if server is None:
        return None
    return gerrit_page(server[1], report.project, report.number, report.patch_set)
