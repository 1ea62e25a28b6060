"""Job streaks: one voting job that fails change after change which the reference passed.

How many in a row are too many follows from the job's own past and from how much
the CI runs: k = ⌈ln(false alerts / results of a month) / ln f⌉, with f the upper
bound of the job's failure rate before the streak. A failure in an author's series counts for
as much less as such failures prove.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from cibot.config.policy import JobPolicy
from cibot.health.baseline import Baseline
from cibot.health.facts import PROOF, Proof, moment
from cibot.health.inputs import COUNTED, JobResults, VerdictKind
from cibot.health.intervals import wilson
from cibot.health.kind import CLEAR, WELL, Gauge, Reading
from cibot.health.seen import Fault, Period, Streak
from cibot.health.series import Series, Stacks
from cibot.health.signal import MOST_EVIDENCE, Signal, SignalFigures, evidence
from cibot.health.state import Stored, each, part, state, table
from cibot.health.tally import Days
from cibot.model import Result, State

NAME = "job"
_MONTH = 30.0
_SUREST = 0.95  # a job that fails more than this says nothing by failing again
_MOST_JOBS = 400  # of a CI; the one that ran longest ago makes room
_MOST_CHANGES = 64  # of a streak that are known again


@dataclass(slots=True)
class _Job(Stored):
    """One job: its past, and its last run of failures, of which the first proof stays."""

    past: Days
    last: float = 0.0
    start: float = 0.0
    failures: int = 0
    changes: list[int] = field(default_factory=list)
    stacks: Stacks = field(default_factory=Stacks)
    series: Series = field(default_factory=Series)
    further: dict[int, int] = field(default_factory=dict)  # failures in a series, by kind
    proofs: list[Proof] = field(default_factory=list)
    limit: int = 0  # that made the streak long, 0 while it is not
    passes: int = 0  # in a row since a long streak
    settling: bool = False

    STATE = state(
        past=part,
        last=float,
        start=float,
        failures=int,
        changes=list,
        stacks=part,
        series=part,
        further=table(int, int),
        proofs=each(PROOF),
        limit=int,
        passes=int,
        settling=bool,
    )

    def fail(self, results: JobResults, proof: Proof, per_day: float) -> bool:
        """Adds a failure; False where the change, or its stack, failed in this streak already.

        ``per_day`` is how many results the CI has.
        """
        upload = results.upload
        if proof.change_id in self.changes:
            return False
        if upload is not None and not self.stacks.add(upload, proof.change_id):
            return False
        if not self.failures:
            self.start = proof.at
        self.failures += 1
        kind = self.series.standing(results, per_day)
        if kind is not VerdictKind.FAIR:
            self.further[int(kind)] = self.further.get(kind, 0) + 1
        self.series.fail(results, per_day)
        self.passes = 0
        self.changes = [*self.changes, proof.change_id][-_MOST_CHANGES:]
        self.proofs = [*self.proofs[:1], *[*self.proofs[1:], proof][1 - MOST_EVIDENCE :]]
        return True

    def end(self) -> None:
        """The streak is part of the past from now on."""
        self.past.add(self.start, self.failures, self.failures)
        self.failures, self.changes, self.proofs, self.limit = 0, [], [], 0
        self.series, self.further, self.stacks = Series(), {}, Stacks()


class JobStreaks(Gauge):
    """Every job of a CI, whose usual results ``baseline`` knows."""

    name = NAME
    about = (
        "Changes in a row that one voting job failed and the reference CI passed. How many of"
        " them raise an alert follows from how often that job failed before and from how much"
        " the CI runs. A job that always fails raises none."
    )
    compares = True
    again = "it passes again"

    STATE = state(_jobs=part, _all=part, _touched=set, _passed=float, _failed=float)

    def __init__(self, policy: JobPolicy, baseline: Baseline) -> None:
        self._policy = policy
        self.baseline = baseline
        self._window = policy.window.total_seconds()
        self._jobs: dict[str, _Job] = {}
        self._all = Days(self._window)  # results of all jobs
        self._touched: set[str] = set()  # with a long streak, or settling after one
        self._passed = 0.0  # when an attempt passed last
        self._failed = 0.0  # when a job of a long streak failed last

    def new_part(self) -> _Job:
        """A job of which nothing is known."""
        return _Job(Days(self._window))

    def take(self, results: JobResults) -> None:
        """Takes in what the jobs of an attempt said; each attempt counts."""
        if not any(run.result is Result.FAIL for run in results.runs):
            self._passed = max(self._passed, results.at)
        for run in results.runs:
            if run.result in COUNTED:
                self._take(run.job, run.result is Result.FAIL, results, run.url)

    def _take(self, name: str, failed: bool, results: JobResults, url: str | None) -> None:
        job = self._jobs.get(name)
        if job is not None and job.last < results.at - self._window:
            self._forget(name)
            job = None
        if job is None:
            job = self._jobs[name] = _Job(Days(self._window), results.at)
            if len(self._jobs) > _MOST_JOBS:
                self._forget(min(self._jobs, key=lambda name: self._jobs[name].last))
        job.last = results.at
        if failed:
            proof = results.proof._replace(job=name, url=url)
            if job.fail(results, proof, self.baseline.per_day):
                self._all.add(results.at, 1, 0)
                self._weigh(name, job, results.at)
            return
        self._all.add(results.at, 1, 0)
        if job.limit:
            job.settling = True
            self._touched.add(name)
        if job.failures:
            job.end()
        job.past.add(results.at, 1, 0)
        job.passes += 1
        if job.settling and job.passes >= self._policy.clears:
            job.settling = False
            self._touched.discard(name)

    def _weigh(self, name: str, job: _Job, at: float) -> None:
        """Whether a streak is longer than luck makes."""
        if job.failures < self._policy.changes:
            return
        limit = self._limit(job, at)
        if limit is not None and job.failures >= limit:
            job.limit = limit
            self._failed = at
            self._touched.add(name)

    def _limit(self, job: _Job, at: float) -> int | None:
        n, failed = job.past.count(at)
        if n < self._policy.minimum:
            return None
        rate = wilson(failed, n).high
        if rate > _SUREST:
            return None
        a_day = self._all.count(at)[0] / max(1.0, self._all.span(at))
        luck = min(0.5, self._policy.false_alerts / (_MONTH * max(1.0, a_day)))
        limit = math.log(luck) / math.log(rate)
        for kind, n in job.further.items():
            fails = max(rate, self.baseline.fails(VerdictKind(kind)))
            limit += n * (1 - math.log(fails) / math.log(rate))
        return max(self._policy.changes, math.ceil(limit))

    def _forget(self, name: str) -> None:
        del self._jobs[name]
        self._touched.discard(name)

    def long(self, now: float) -> list[tuple[str, _Job]]:
        """The long streaks that last, the longest first; jobs that run no more are forgotten."""
        for name in [job for job in self._touched if self._jobs[job].last < now - self._window]:
            self._forget(name)
        streaks = [(name, self._jobs[name]) for name in self._touched if self._jobs[name].limit]
        return sorted(streaks, key=lambda streak: (-streak[1].failures, streak[0]))

    def settles(self, name: str) -> bool:
        """Whether a job has a long streak, or is not yet surely well after one."""
        return name in self._touched

    def standing(self, now: float, _ending: bool) -> Reading:
        """Bad while a job's streak is longer than its luck."""
        if not self._touched:
            return CLEAR if self._settled else WELL
        long = self.long(now)
        return Reading(self._verdict(long), self._settled)

    @property
    def _settled(self) -> bool:
        """Whether every job is well, and the CI passed something since one was not."""
        return not self._touched and self._passed >= self._failed

    def _verdict(self, long: list[tuple[str, _Job]]) -> State:
        """Failing where nothing that the CI ran passed since one of them began."""
        if not long:
            return State.HEALTHY
        outage = any(job.start > self._passed for _name, job in long)
        return State.FAILING if outage else State.DEGRADED

    def signal(self, now: float) -> Signal:
        """As the parent's; unknown where no job has enough results."""
        signal = super().signal(now)
        unknown = isinstance(signal.seen, Streak) and not (signal.verdict.bad or signal.seen.known)
        return replace(signal, verdict=State.UNKNOWN) if unknown else signal

    def figures(self, now: float, _reading: Reading) -> SignalFigures:
        """The longest streak of a job that is longer than its luck."""
        long = self.long(now)
        judged = sum(
            job.past.count(now)[0] >= self._policy.minimum
            for job in self._jobs.values()
            if job.last >= now - self._window
        )
        if not long:
            seen = Streak(
                None, 0, self._policy.changes, 0, 0, Period(self._policy.window), 0, judged
            )
            return SignalFigures(n=self._all.count(now)[0], seen=seen)
        name, worst = long[0]
        n, failed = worst.past.count(now)
        return SignalFigures(
            n=worst.failures,
            seen=Streak(
                name,
                worst.failures,
                worst.limit,
                failed,
                n,
                Period(self._policy.window),
                len(long) - 1,
                judged,
            ),
            evidence=tuple(evidence(proof, Fault.FAILED_ALONE) for proof in reversed(worst.proofs)),
            since=moment(worst.start),
        )
