"""Simulated servers on which it is known of each failure whether the change is at fault.

Changes have defects that break some jobs of some CIs until new code mends them.
Jobs fail by themselves as well: a little all the time, much during an outage.
Authors see the failures and, right more often than not, run the tests again,
rebase, edit the message, or upload new code. Seeded; times are seconds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.weighing.history import History, JudgedReport, Review
from cibot.health.weighing.runs import BuildRun
from cibot.model import Result

_START, _HOUR, _DAY = 1_760_000_000.0, 3600.0, 86_400.0
_KINDS = ("lint", "unit", "functional", "tempest", "upgrade")
_ROUNDS = 8
_WORDS = ("NODE_FAILURE", "NODE_FAILURE", "POST_FAILURE", "TIMED_OUT", "RETRY_LIMIT")


@dataclass(frozen=True, slots=True)
class Traits:
    """What kind of server it is. Shares in 0..1; ``days`` and changes a day."""

    name: str
    cis: int = 6
    days: int = 60
    pace: float = 12.0
    defects: float = 0.45  # of the changes
    flaky: float = 0.03  # of a job's runs, in the median
    doubts: float = 0.75  # how often an author is right about whose fault it is
    rebases: float = 0.15


SERVERS = (
    Traits("many vendors", cis=9),
    Traits("one gate", cis=1, pace=20, flaky=0.04),
    Traits("flaky", cis=4, flaky=0.08, defects=0.5),
    Traits("few rechecks", cis=3, doubts=0.6, rebases=0.3, defects=0.4),
)


@dataclass(slots=True)
class _Ci:
    name: str
    jobs: dict[str, float]  # each with its share of runs that fail by themselves
    covers: float
    infra: float
    hours: float
    outages: list[tuple[float, float, str]] = field(default_factory=list)

    def fails(self, rng: random.Random, job: str, at: float) -> bool:
        """Whether a job fails by itself."""
        out = any(begin <= at < end and name == job for begin, end, name in self.outages)
        return rng.random() < (0.85 if out else self.jobs[job])


def simulated(traits: Traits, seed: int) -> History:
    """A history of a server of such traits."""
    rng = random.Random(f"{traits.name} {seed}")
    cis = [_ci(rng, number, traits) for number in range(traits.cis)]
    history = History(traits.name)
    for number in range(1, int(traits.days * traits.pace) + 1):
        at = _START + (number + rng.random()) / traits.pace * _DAY
        _Change(rng, traits, cis, history, number).advance(at)
    history.reports.sort(key=lambda report: report.at)
    return history


def _ci(rng: random.Random, number: int, traits: Traits) -> _Ci:
    name = "reference" if number == 0 else f"vendor-{number}"
    kinds = _KINDS if number == 0 else rng.sample(_KINDS, rng.randint(1, 4))
    jobs = {
        f"{name}-{kind}": min(0.6, traits.flaky * rng.lognormvariate(0.0, 0.9)) for kind in kinds
    }
    outages = []
    for _ in range(traits.days // 40):
        begin = _START + rng.random() * traits.days * _DAY
        outages.append((begin, begin + rng.uniform(0.5, 4.0) * _DAY, rng.choice(list(jobs))))
    covers = 1.0 if number == 0 else rng.uniform(0.7, 1.0)
    return _Ci(name, jobs, covers, rng.uniform(0.0, 0.03), rng.uniform(0.5, 4.0), outages)


class _Change:
    """One change's course."""

    def __init__(
        self, rng: random.Random, traits: Traits, cis: list[_Ci], history: History, number: int
    ) -> None:
        self._rng, self._traits, self._cis = rng, traits, cis
        self._history, self._number = history, number
        self._broken = self._defect() if rng.random() < traits.defects else frozenset()
        self._patch_set = 1

    def advance(self, at: float) -> None:
        review = Review({1: at})
        self._history.reviews[self._number] = review
        again: set[str] | None = None
        for _ in range(_ROUNDS):
            reports = list(self._run(at, again))
            self._history.reports.extend(reports)
            at = max([at, *(report.at for report in reports)])
            step = self._step(reports)
            if step == "close":
                break
            at += self._rng.lognormvariate(1.0, 1.0) * _HOUR
            again = None
            if step == "recheck":
                again = {report.ci for report in reports if report.result is not Result.PASS}
                continue
            self._patch_set += 1
            review.uploads[self._patch_set] = at
            if step == "unchanged":
                self._history.unchanged.add((self._number, self._patch_set))
            elif self._rng.random() < 0.65:
                self._broken = frozenset()
            if step == "code" and self._rng.random() < 0.08:
                self._broken |= self._defect()
        review.closed = at + _DAY

    def _defect(self) -> frozenset[str]:
        """The jobs that a new defect breaks: of one kind at most CIs, or of one CI."""
        kind, where = self._rng.choice(_KINDS), self._rng.random()
        jobs = [job for ci in self._cis for job in ci.jobs]
        if where < 0.2:
            ci = self._rng.choice(self._cis)
            return frozenset(job for job in ci.jobs if self._rng.random() < 0.7)
        kinds = _KINDS[1:] if where < 0.35 else (kind,)
        return frozenset(job for job in jobs if job.endswith(kinds) and self._rng.random() < 0.85)

    def _run(self, begun: float, again: set[str] | None) -> Iterator[JudgedReport]:
        for ci in self._cis:
            if (again is not None and ci.name not in again) or self._rng.random() > ci.covers:
                continue
            at = begun + ci.hours * self._rng.lognormvariate(0.0, 0.3) * _HOUR
            jobs = {job: self._result(ci, job, at) for job in ci.jobs}
            results = {run.result for run in jobs.values()}
            worst = next(
                result for result in (Result.FAIL, Result.INFRA, Result.PASS) if result in results
            )
            guilty = self._broken & set(jobs)
            yield JudgedReport(at, ci.name, self._number, self._patch_set, worst, jobs, guilty)

    def _result(self, ci: _Ci, job: str, at: float) -> BuildRun:
        key = at, self._number, self._patch_set
        if self._rng.random() < ci.infra:
            return BuildRun(*key, Result.INFRA, self._rng.choice(_WORDS))
        if job in self._broken or ci.fails(self._rng, job, at):
            return BuildRun(*key, Result.FAIL, "FAILURE")
        return BuildRun(*key, Result.PASS, "SUCCESS")

    def _step(self, reports: list[JudgedReport]) -> str:
        """What the author does next."""
        rng, failed = self._rng, [report for report in reports if report.result is not Result.PASS]
        if not failed:
            return "code" if rng.random() < 0.2 else "close"
        if rng.random() < 0.07:
            return "close"
        if rng.random() < self._traits.rebases:
            return "unchanged"
        mine = any(report.guilty for report in failed)
        right = rng.random() < self._traits.doubts
        return "code" if mine is right else "recheck"
