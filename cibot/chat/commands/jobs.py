"""`jobs NAME [BRANCH]`: each job of a CI."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.typed import about_branch
from cibot.model import Result
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.jobs import JobLine, Jobs, jobs
from cibot.text import figures
from cibot.text.card import Card, Line, first, job_span, line

_LINES = 10
STREAKS = {Result.PASS: "passed", Result.FAIL: "failed", Result.INFRA: "broke"}


def answer(ask: Ask) -> Card:
    """A line for each job, worst first."""
    report = about_branch(ask.words, lambda name, branch: jobs(ask.tx, ask.ctx, name, branch))
    return render(ask.ctx, report)


def render(ctx: Context, report: Jobs) -> Card:
    """A sentence and the jobs."""
    name = wording.name_and_branch(report.ci)
    if not report.jobs:
        return Card((line(*name, ": no job has reported in seven days."),), link=report.ci.page)
    of = f"{figures.plural(len(report.jobs), 'job')} in {figures.plural(report.reports, 'report')}"
    lines: list[Line] = [line(*name, f": {of} of seven days, worst first.")]
    lines += first([_job(ctx, job) for job in report.jobs], _LINES)
    return Card(tuple(lines), link=report.ci.page, long=len(lines) > 4)


def _job(ctx: Context, job: JobLine) -> Line:
    name = job_span(job.job, job.last_url)
    said = figures.rate(job.rate.share, job.rate) if job.rate else "no result"
    parts = [f"last {job.streak} {STREAKS[job.streak_of]}"] if job.streak > 1 else []
    if job.infra:
        parts.append(f"{job.infra} broke by itself" if job.infra == 1 else
                     f"{job.infra} broke by themselves")  # fmt: skip
    if job.median_s is not None:
        parts.append(f"takes {figures.duration(job.median_s)}")
    if job.streak_of is not Result.PASS:
        passed = job.last_pass_at
        parts.append(f"last passed {figures.ago(passed, ctx.now)}" if passed else "never passed")
    voting = "" if job.voting else " (non-voting)"
    return line(name, f"{voting}: {'; '.join([said, *parts])}")


COMMAND = Command(
    usage="jobs NAME [BRANCH]",
    does="each job of a CI: pass rate, n, streak, median duration, last pass",
    example="jobs netapp",
    answer=answer,
    aliases=("job",),
)
