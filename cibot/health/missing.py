"""Jobs that are not there: reports come as usual, and one job of them comes no more.

What is usual is learnt by project, branch and pipeline: the share of changes whose passing
report had the job. How many without it are too many follows from that share as silence
does from coverage. A job whose place another one took is adopted at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from cibot.config.values import Share
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
from cibot.health.facts import DAY, PROOF, Proof, moment
from cibot.health.inputs import RunEnded
from cibot.health.intervals import wilson
from cibot.health.patience import longest_luck
from cibot.health.seen import Fault
from cibot.health.signal import Family
from cibot.health.state import each, part, record, same, state, table
from cibot.health.tally import Count
from cibot.text.card import Words, job_span
from cibot.text.figures import cut, percent, plural

NAME = "missing_job"
_MOST_JOBS = 500  # of a CI, over all places; the one that ran longest ago makes room
_MEMORY = 200  # changes that a job's share rests on
_TOGETHER = 16  # changes of a place that are known again
_WORD = re.compile(r"[^\W_]+")
_SAME_TIME = 7 * DAY  # a job that came so long before another one went took its place


class MissingJobPolicy(AccusedPolicy):
    """``[judgement.missing_job]``: changes in a row whose report passed without a usual job."""

    share: Annotated[Share, Field(description="Only of jobs surely in, of the reports")] = 0.8


@dataclass(slots=True)
class _UsualJob:
    """One job at one place, in numbers of the place's changes.

    It was in ``present`` of those after ``base``, the first time at ``began`` and the last
    time at ``seen``. ``longest`` is the longest row without it that was no trouble, ``follows``
    the last change with a job whose place it took.
    """

    base: int
    present: int
    began: int
    began_at: float
    seen: int
    proof: Proof
    url: str | None = None
    longest: int = 0
    follows: int = 0

    @property
    def n(self) -> int:
        """The changes by which its share is known: up to the last one that had it."""
        return self.seen - self.base

    def see(
        self, change: int, counts: bool, proof: Proof, url: str | None, *, accused: bool
    ) -> None:
        self.present += counts
        if not accused:
            self.longest = max(self.longest, change - counts - self.seen)
        self.seen, self.proof, self.url = change, proof, url
        if self.n > _MEMORY:
            self.base, self.present = self.seen - self.n // 2, self.present // 2
            self.longest //= 2


@dataclass(slots=True)
class _Place:
    """A project, branch and pipeline: how many changes it saw, the last ones, its jobs."""

    changes: int = 0
    last: list[tuple[int, int, Proof]] = field(default_factory=list)  # burst, number, report
    jobs: dict[str, _UsualJob] = field(default_factory=dict)

    def count(self, ran: RunEnded) -> bool:
        """Whether it is the first that is heard of a change, and of its burst of uploads."""
        slot, change = burst(ran.uploaded, ran.at), ran.proof.change_id
        for other_slot, _number, proof in self.last:
            if slot == other_slot or change == proof.change_id:
                return False
        self.changes += 1
        self.last = [*self.last, (slot, self.changes, ran.proof)][-_TOGETHER:]
        return True

    def first_after(self, number: int) -> Proof:
        """The report on the first change after one, of those that are remembered."""
        return next((proof for _slot, at, proof in self.last if at > number), self.last[-1][2])


def _words(name: str) -> set[str]:
    """The words of a job's name."""
    return set(_WORD.findall(name.lower()))


def _last(row: list[Any]) -> tuple[int, int, Proof]:
    slot, number, proof = row
    return slot, number, PROOF(proof)


class MissingJobs(AccusingKind):
    """Every job of a CI at every place where it runs."""

    name = NAME
    about = (
        "Changes in a row whose report passed without a job that is usually there, on that"
        " project, branch and pipeline. How many are too many follows from the share of reports"
        " that had it. A job whose place another one took is no news."
    )
    thresholds = MissingJobPolicy
    takes = (RunEnded,)
    fault = Fault.GONE
    family = Family.PRESENCE
    again = "{job} is in the reports again"

    STATE = state(
        _histories=table(
            tuple,
            record(_Place, last=each(_last), jobs=table(same, record(_UsualJob, proof=PROOF))),
        ),
        _accused=part,
    )
    _policy: MissingJobPolicy
    _histories: dict[Key, _Place]

    def take(self, ran: RunEnded) -> None:
        """Takes in which jobs a report has."""
        for key in self._accused.outlasted(ran.at):
            self._adopt(key, ran.at)
        where: Key = (ran.project, ran.proof.branch, ran.proof.pipeline)
        place = self._histories.setdefault(where, _Place())
        counts = ran.passed and place.count(ran)
        for run in {run.job: run for run in ran.runs}.values():  # a report may name a job twice
            job = place.jobs.get(run.job)
            if job is None:
                before = place.changes - counts
                job = _UsualJob(before, 0, place.changes, ran.at, before, ran.proof)
                place.jobs[run.job] = job
                self._make_room()
            accused = (*where, run.job) in self._accused.jobs
            job.see(place.changes, counts, ran.proof, run.url, accused=accused)
            if accused:
                self._accused.well((*where, run.job), ran.proof.change_id)
        if counts:
            self._weigh(where, place, ran)

    def _make_room(self) -> None:
        if sum(len(place.jobs) for place in self._histories.values()) <= _MOST_JOBS:
            return
        where, name = min(
            ((where, name) for where, place in self._histories.items() for name in place.jobs),
            key=lambda pair: self._histories[pair[0]].jobs[pair[1]].proof.at,
        )
        self._forget((*where, name))

    def _forget(self, key: Key) -> None:
        place = self._histories.get(key[:-1])
        if place is not None:
            place.jobs.pop(key[-1], None)
            if not place.jobs:
                del self._histories[key[:-1]]

    def _weigh(self, where: Key, place: _Place, ran: RunEnded) -> None:
        """Which jobs are missing from more changes in a row than luck explains."""
        for name, job in [*place.jobs.items()]:
            missing = place.changes - job.seen
            key: Key = (*where, name)
            accused = self._accused.jobs.get(key)
            if accused and missing:
                accused.back, accused.back_on = 0, None  # it was there for some changes only
            limit = self._limit(job) if missing >= self._policy.changes else None
            if limit is None or missing < limit:
                continue
            by = self._successor(place, name, job)
            if by:
                place.jobs[by].follows = job.seen
                self._adopt(key, ran.at, by)
                continue
            since = accused.since if accused else place.first_after(job.seen)
            before = job.proof._replace(job=name, url=job.url)
            figures = (float(job.present), float(job.n))
            self._accused.add(
                key, Accused(ran.at, since, ran.proof, before, missing, limit, figures)
            )

    def _limit(self, job: _UsualJob) -> int | None:
        """How many changes in a row without it are too many; None where no number is."""
        if job.n < self._policy.minimum:
            return None
        share = wilson(job.present, job.n).low
        if share < self._policy.share:
            return None
        k = longest_luck(self._policy.doubt, Count(job.n, job.n - job.present))
        # Changes of one kind come in a row, and a job that some of them do not need goes with them.
        return None if k is None else max(self._policy.changes, k, 2 * job.longest + 1)

    def _successor(self, place: _Place, gone_name: str, gone: _UsualJob) -> str:
        """The job that took the place of another one; "" where none did.

        It came when that one went, no other usual job went in between, and it is mostly there
        since, on more changes than the place was empty for; or it was new in the first report
        without it and has its name with more words: then it may run for some files only.
        """
        away = gone.seen + gone.longest  # up to here without it was usual
        for name, job in place.jobs.items():
            began_then = job.began_at >= gone.proof.at - _SAME_TIME
            later = job.began - gone.began >= self._policy.minimum
            if not (began_then and later):
                continue
            empty = max(0, job.began - away)
            stays = job.present >= 2 + empty and 2 * job.present > place.changes - job.began
            nearer = away < job.follows or any(
                away < other.seen <= job.began and self._limit(other) is not None
                for other in place.jobs.values()
            )
            at_once = job.began_at > gone.proof.at and job.began <= gone.seen + 1
            if (stays and not nearer) or (at_once and _words(gone_name) <= _words(name)):
                return name
        return ""

    def _adopt(self, key: Key, at: float, by: str = "") -> None:
        self._accused.adopt(key, at, by)
        self._forget(key)

    @property
    def judged(self) -> int:
        """Of how many jobs enough is known."""
        return sum(
            self._limit(job) is not None
            for place in self._histories.values()
            for job in place.jobs.values()
        )

    @classmethod
    def words(cls, seen: SeenJobs) -> Words:
        """Which job is missing since when; else which one was adopted."""
        if seen.job is None:
            text = f"no job is missing; {plural(seen.known, 'job')} with enough reports to judge"
            return adopted(seen, "missing") or (text,)
        was = f"; it was in {percent(seen.now / seen.before)} of {seen.before:.0f} before"
        return (
            "reports as usual, but ",
            job_span(seen.job),
            f" is missing from the last {plural(seen.row, 'change')} since ",
            moment(seen.since),
            f"{was}{others(seen, 'is', 'are')}",
        )

    @classmethod
    def threshold(cls, seen: SeenJobs) -> str:
        """After how many changes a job is missed."""
        if seen.job is None:
            least = f"degraded after at least {plural(seen.least, 'change')} in a row without a job"
            return f"{least}, more than luck explains"
        after = f"degraded after {plural(seen.limit, 'change')} in a row without it"
        return f"{cut(seen.job, 60)}: {after}"
