"""Jobs that cannot be true: they pass in an implausible fraction of the time they took before.

Compared with each job's own last passes on the project: too fast is less than a fraction
of their fifth percentile. How many in a row are too many follows from the share of them that
was so fast before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Annotated

from pydantic import Field

from cibot.config.values import Duration, Share
from cibot.health.accused import (
    Accused,
    AccusedPolicy,
    AccusingKind,
    Key,
    SeenJobs,
    adopted,
    burst,
    others,
)
from cibot.health.facts import PROOF, JobRun, Proof, moment
from cibot.health.inputs import RunEnded
from cibot.health.intervals import percentile, wilson
from cibot.health.seen import Fault
from cibot.health.signal import Family
from cibot.health.state import maybe, part, record, state, table
from cibot.model import Result
from cibot.text.card import Words, job_span
from cibot.text.figures import cut, duration, plural

NAME = "too_fast"
_MOST_JOBS = 300  # of a CI, over all projects; the one that ran longest ago makes room
_PASSES = 50  # by which a job's past is known
_LOWEST = 0.05  # the share of them that lies below what is compared


class TooFastPolicy(AccusedPolicy):
    """``[judgement.too_fast]``: passes in a row in a fraction of the job's own past times."""

    fraction: Annotated[Share, Field(description="Of the fastest twentieth of its past")] = 0.25
    least: Annotated[Duration, Field(description="Only of jobs that take at least")] = timedelta(
        minutes=2
    )


@dataclass(slots=True)
class _TimedJob:
    """The seconds of a job's last passes, and its passes in a row that were too fast."""

    past: list[float] = field(default_factory=list)
    fast: list[float] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)  # changes and bursts of those
    proof: Proof | None = None  # the last pass that was not too fast, and its log
    url: str | None = None
    first: Proof | None = None  # of those

    def learn(self, seconds: list[float]) -> None:
        self.past += seconds
        del self.past[:-_PASSES]
        self.fast, self.marks, self.first = [], [], None


class TooFast(AccusingKind):
    """Every voting job of a CI on every project where it runs."""

    name = NAME
    about = (
        "Passes in a row of one voting job that took an implausible fraction of its own past"
        " times on the project. How many are too many follows from the share of its passes that"
        " were so fast before."
    )
    thresholds = TooFastPolicy
    takes = (RunEnded,)
    fault = Fault.FAST
    family = Family.TIME
    again = "{job} takes as long as usual again"

    STATE = state(
        _histories=table(tuple, record(_TimedJob, proof=maybe(PROOF), first=maybe(PROOF))),
        _accused=part,
    )

    _policy: TooFastPolicy
    _histories: dict[Key, _TimedJob]

    def take(self, ran: RunEnded) -> None:
        """Takes in how long the jobs of a report took."""
        for key in self._accused.outlasted(ran.at):
            job = self._histories.get(key)
            if job is not None:
                job.past = []
                job.learn(job.fast)
            self._accused.adopt(key, ran.at)
        for run in ran.runs:
            if run.voting and run.result is Result.PASS and run.seconds is not None:
                self._take((ran.project, run.job), run, run.seconds, ran)

    def _take(self, key: Key, run: JobRun, seconds: float, ran: RunEnded) -> None:
        job = self._histories.pop(key, None) or _TimedJob()
        self._histories[key] = job  # the newest last
        if len(self._histories) > _MOST_JOBS:
            del self._histories[next(iter(self._histories))]
        bound = self._bound(job, seconds)
        if bound is None:
            # What was too fast for once is part of the past; an accusation is not.
            job.learn([seconds] if key in self._accused.jobs else [*job.fast, seconds])
            job.proof, job.url = ran.proof, run.url
            self._accused.well(key)
            return
        marks = (ran.proof.change_id, -burst(ran.uploaded, ran.at))
        if not any(mark in job.marks for mark in marks):
            job.marks = [*job.marks, *marks][-2 * _PASSES :]
            job.fast = [*job.fast, seconds][-_PASSES:]
            proof = ran.proof._replace(job=run.job, url=run.url)
            job.first = job.first or proof
            self._weigh(key, job, bound, proof)

    def _bound(self, job: _TimedJob, seconds: float) -> float | None:
        """What takes fewer seconds is too fast; None where these are not, or little is known."""
        fraction = self._policy.fraction
        if len(job.past) < self._policy.minimum or seconds >= fraction * max(job.past):
            return None  # without sorting: most are not
        if not self._is_judged(job):
            return None
        bound = fraction * percentile(sorted(job.past), _LOWEST)
        return bound if seconds < bound else None

    def _is_judged(self, job: _TimedJob) -> bool:
        least = self._policy.least.total_seconds()
        return len(job.past) >= self._policy.minimum and median(job.past) >= least

    def _weigh(self, key: Key, job: _TimedJob, bound: float, proof: Proof) -> None:
        n, short = len(job.past), sum(seconds < bound for seconds in job.past)
        luck = math.log(self._policy.doubt) / math.log(wilson(short, n).high)
        limit = max(self._policy.changes, math.ceil(luck))
        if len(job.fast) < limit:
            return
        assert job.first is not None
        self._accused.add(
            key,
            Accused(
                proof.at,
                job.first,
                proof,
                (job.proof or job.first)._replace(job=key[-1], url=job.url),
                len(job.fast),
                limit,
                (median(job.fast), median(job.past)),
            ),
        )

    @property
    def judged(self) -> int:
        """Of how many jobs enough is known."""
        return sum(map(self._is_judged, self._histories.values()))

    @classmethod
    def words(cls, seen: SeenJobs) -> Words:
        """Which job is too fast since when; else which one was adopted."""
        if seen.job is None:
            text = (
                f"no job passes too fast; {plural(seen.known, 'job')} with enough passes to judge"
            )
            return adopted(seen, "that fast") or (
                text if seen.known else "no job of which it is known how long it takes",
            )
        return (
            job_span(seen.job),
            f" passes in {duration(seen.now)} since ",
            moment(seen.since),
            f", {duration(seen.before)} before{others(seen, 'does', 'do')}",
        )

    @classmethod
    def threshold(cls, seen: SeenJobs) -> str:
        """After how many such passes a job is reported."""
        if seen.job is None:
            least = f"degraded after at least {seen.least} passes in a row in an implausible time"
            return f"{least}, more than luck explains"
        return f"{cut(seen.job, 60)}: degraded after {seen.limit} such passes in a row"
