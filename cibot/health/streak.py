"""Job streaks: one voting job that fails change after change which the reference passed.

How many in a row are too many follows from the job's own past and from how much
the CI runs: k = ⌈ln(false alerts / results of a month) / ln f⌉, with f the upper
bound of the job's failure rate before the streak.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.health.intervals import wilson
from cibot.health.observation import JobRun, Judged
from cibot.health.policy import JobPolicy
from cibot.health.signal import MOST_EVIDENCE, Evidence, Signal
from cibot.health.words import counted, span
from cibot.model import Result, State

NAME = "job"
_MONTH = 30.0
_DAY = timedelta(days=1)
_SUREST = 0.95  # a job that fails more than this says nothing by failing again


@dataclass(frozen=True, slots=True)
class _Ran:
    """One verdict of a job; a change that fails again and again is one of these."""

    judged: Judged
    run: JobRun

    @property
    def failed(self) -> bool:
        return self.run.result is Result.FAIL


@dataclass(frozen=True, slots=True)
class _Streak:
    """A job's last run of failures: what it was before, and the passes since."""

    job: str
    failures: tuple[_Ran, ...]
    before: int
    failed_before: int
    passes_since: int
    limit: int | None  # failures in a row that are too many; None where nobody can say

    @property
    def long(self) -> bool:
        return self.limit is not None and len(self.failures) >= self.limit


def job_streak(policy: JobPolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """The longest streak of a job that is longer than its luck; each attempt counts."""
    jobs = _by_job(policy, judged, now)
    total = sum(len(one) for one in jobs.values())
    oldest = min((one[0].judged.posted_at for one in jobs.values()), default=now)
    a_day = total / max(1.0, (now - oldest) / _DAY)
    streaks = [_streak(policy, job, ran, a_day) for job, ran in sorted(jobs.items())]
    known = [one for one in streaks if one.limit is not None]
    long = [one for one in known if one.long and one.passes_since == 0]
    settling = any(one.long and one.passes_since < policy.clears for one in known)
    threshold = f"degraded after more in a row than luck explains, at least {policy.changes}"
    if not long:
        said = f"no job fails change after change; {counted(len(known), 'job')} known well enough"
        return Signal(
            NAME,
            State.HEALTHY if known else State.UNKNOWN,
            n=total,
            threshold=threshold,
            said=said,
            clears=bool(known) and not settling,
        )
    worst = max(long, key=lambda one: (len(one.failures), one.job))
    return Signal(
        NAME,
        State.DEGRADED,
        n=len(worst.failures),
        threshold=f"{worst.job}: degraded after {worst.limit} in a row",
        said=_said(policy, worst, len(long) - 1),
        evidence=tuple(_evidence(one) for one in reversed(worst.failures[-MOST_EVIDENCE:])),
        since=worst.failures[0].judged.posted_at,
    )


def _by_job(policy: JobPolicy, judged: Sequence[Judged], now: datetime) -> dict[str, list[_Ran]]:
    jobs: dict[str, list[_Ran]] = {}
    for one in sorted(judged, key=lambda one: one.order):
        if one.reference is not Result.PASS or one.posted_at < now - policy.window:
            continue
        for run in one.runs:
            if run.result in (Result.PASS, Result.FAIL):
                _add(jobs.setdefault(run.job, []), _Ran(one, run))
    return jobs


def _add(ran: list[_Ran], new: _Ran) -> None:
    """Appends, unless it is one more failure on a change that failed in this streak already."""
    if new.failed:
        for one in reversed(ran):
            if not one.failed:
                break
            if one.judged.change_id == new.judged.change_id:
                return
    ran.append(new)


def _streak(policy: JobPolicy, job: str, ran: list[_Ran], a_day: float) -> _Streak:
    end = len(ran)
    while end and not ran[end - 1].failed:
        end -= 1
    if len(ran) - end >= policy.clears:  # well for a while: what it was before does not matter
        failed = sum(one.failed for one in ran)
        return _Streak(job, (), len(ran), failed, 0, _limit(policy, len(ran), failed, a_day))
    start = end
    while start and ran[start - 1].failed:
        start -= 1
    failed = sum(one.failed for one in ran[:start])
    return _Streak(
        job,
        tuple(ran[start:end]),
        start,
        failed,
        len(ran) - end,
        _limit(policy, start, failed, a_day),
    )


def _limit(policy: JobPolicy, n: int, failed: int, a_day: float) -> int | None:
    if n < policy.minimum:
        return None
    rate = wilson(failed, n).high
    if rate > _SUREST:
        return None
    luck = min(0.5, policy.false_alerts / (_MONTH * max(1.0, a_day)))
    return max(policy.changes, math.ceil(math.log(luck) / math.log(rate)))


def _said(policy: JobPolicy, worst: _Streak, others: int) -> str:
    said = (
        f"{worst.job} failed {counted(len(worst.failures), 'change')} in a row that the reference"
        f" passed; {worst.failed_before} of {worst.before} failed before, in {span(policy.window)}"
    )
    return f"{said}; so did {counted(others, 'other job')}" if others else said


def _evidence(one: _Ran) -> Evidence:
    judged = one.judged
    return Evidence(
        "failed, the reference passed",
        judged.change_id,
        judged.change,
        judged.patch_set,
        judged.posted_at,
        one.run.job,
        one.run.url,
    )
