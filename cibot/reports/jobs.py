"""A CI's jobs: how often each passes, its streak, how long it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from cibot.model import Result
from cibot.reports.ci import CiLine, branch_name, line_named
from cibot.reports.context import Context
from cibot.reports.failures import latest_attempts
from cibot.reports.signals import Rate, rate_of
from cibot.store.cis import latest_reports
from cibot.store.engine import Tx
from cibot.store.reports import StoredBuild, builds_of

WINDOW = timedelta(days=7)
_MOST = 500  # reports looked at


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job. ``streak`` counts its last results of one kind, ``streak_of`` says which.

    ``rate`` is None while it has neither passed nor failed; ``infra`` counts
    what broke by itself; ``median_s`` is of its passes, in seconds.
    """

    job: str
    rate: Rate | None
    infra: int
    streak: int
    streak_of: Result
    median_s: float | None
    last_pass_at: datetime | None
    last_url: str | None
    voting: bool


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of a CI's last reports of seven days (500 at the most), worst first."""

    ci: CiLine
    reports: int
    jobs: tuple[JobLine, ...]


def jobs(tx: Tx, ctx: Context, name: str, branch: str | None = None) -> Jobs:
    """The jobs of the CI that ``name`` means, or those of its reports on a branch.

    Raises UserError, asking back, when no CI or no branch is meant.
    """
    line = line_named(tx, ctx, name, branch)
    since, there = ctx.now - WINDOW, branch_name(line)
    reports = latest_attempts(
        latest_reports(tx, line.id, since=since, judging=True, limit=_MOST, branch=there)
    )
    builds = builds_of(tx, [(report.change_id, report.seq) for report in reports])
    runs_by_job: dict[str, list[tuple[datetime, StoredBuild]]] = defaultdict(list)
    for report in reports:  # newest first
        for build in builds.get((report.change_id, report.seq), ()):
            if build.result != Result.SKIPPED:
                runs_by_job[build.job].append((report.posted_at, build))
    lines = [_line(job, runs) for job, runs in runs_by_job.items()]
    return Jobs(line, len(reports), tuple(sorted(lines, key=_badness)))


def _badness(line: JobLine) -> tuple[float, str]:
    return (line.rate.share if line.rate else 2.0, line.job)


def _line(job: str, runs: Sequence[tuple[datetime, StoredBuild]]) -> JobLine:
    results = [Result(build.result) for _at, build in runs]
    passes, fails = results.count(Result.PASS), results.count(Result.FAIL)
    times = [
        build.duration_s
        for _at, build in runs
        if build.result == Result.PASS and build.duration_s is not None
    ]
    same = next((n for n, result in enumerate(results) if result is not results[0]), len(runs))
    return JobLine(
        job=job,
        rate=rate_of(passes, passes + fails),
        infra=results.count(Result.INFRA),
        streak=same,
        streak_of=results[0],
        median_s=median(times) if times else None,
        last_pass_at=next((at for at, build in runs if build.result == Result.PASS), None),
        last_url=runs[0][1].url,
        voting=runs[0][1].voting,
    )
