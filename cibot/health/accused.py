"""What is surely wrong with single jobs of a CI, until it is over or is how the CI is now."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from cibot.config.policy import Thresholds
from cibot.config.values import Count, Duration, Share
from cibot.health.facts import DAY, PROOF, Proof, moment
from cibot.health.kind import CLEAR, Reading, SignalKind
from cibot.health.seen import Fault
from cibot.health.signal import Evidence, SignalFigures, evidence
from cibot.health.state import Stored, each, made, record, state, table
from cibot.model import State
from cibot.text.card import Words, job_span
from cibot.text.figures import plural, span

_MOST = 64
_MOST_ADOPTED = 4
SAID = 7 * DAY  # seconds for which it is said that what is bad was adopted as it is
_BURST = 600.0  # uploads of the same ten minutes are one, as a stack of changes is

Key = tuple[str, ...]
"""Where a job runs and its name, which comes last."""


class AccusedPolicy(Thresholds):
    """What the signals that accuse single jobs have in common."""

    minimum: Annotated[Count, Field(description="Knows a job from, changes")] = 20
    changes: Annotated[Count, Field(description="No alert for fewer changes than")] = 4
    doubt: Annotated[Share, Field(description="Chance of so many by luck")] = 1e-4
    clears: Annotated[Count, Field(description="Well again after, reports")] = 2
    adopt: Annotated[Duration, Field(description="What lasts becomes how the CI is after")] = (
        timedelta(days=28)
    )


@dataclass(slots=True)
class Accused:
    """One job, of which something is surely wrong.

    ``since`` is the first bad result, ``before`` the last good one, ``row`` how many are bad
    in a row and ``limit`` how many were too many. ``figures`` are the signal's own. ``back``
    counts the good ones since, the last of them on the change ``back_on``.
    """

    at: float
    since: Proof
    newest: Proof
    before: Proof
    row: int
    limit: int
    figures: tuple[float, float]
    back: int = 0
    back_on: int | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """A job that is accused no more, since that is how the CI is now; ``by`` took its place."""

    at: float
    job: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class SeenJobs:
    """What a signal saw of the jobs: how many it knows, and the one that is bad for longest.

    It is bad ``row`` times in a row, where ``limit`` are too many, with ``others``; ``now`` and
    ``before`` are the signal's own figures. Where none is bad, ``adopted`` is one that was
    adopted lately: ``by`` took its place, or it was bad ``after`` so many seconds still.
    """

    known: int
    least: int
    job: str | None = None
    row: int = 0
    limit: int = 0
    since: float = 0.0
    now: float = 0.0
    before: float = 0.0
    others: int = 0
    adopted: str | None = None
    by: str = ""
    after: float = 0.0


class AccusedJobs(Stored):
    """The accused jobs, by where they run."""

    STATE = state(
        jobs=table(tuple, record(Accused, since=PROOF, newest=PROOF, before=PROOF, figures=tuple)),
        adopted=each(made(Adopted)),
    )

    def __init__(self, policy: AccusedPolicy) -> None:
        self._policy = policy
        self.jobs: dict[Key, Accused] = {}
        self.adopted: list[Adopted] = []

    def add(self, key: Key, accused: Accused) -> None:
        """One more, or what an accused one is now; of too many the oldest goes."""
        if key in self.jobs:
            accused.at = self.jobs[key].at
        self.jobs[key] = accused
        if len(self.jobs) > _MOST:
            del self.jobs[next(iter(self.jobs))]

    def well(self, key: Key, change: int | None = None) -> None:
        """The job was well once more; on one ``change``, where that is given, it is so once."""
        accused = self.jobs.get(key)
        if accused is not None and (change is None or change != accused.back_on):
            accused.back += 1
            accused.back_on = change
            if accused.back >= self._policy.clears:
                del self.jobs[key]

    def outlasted(self, now: float) -> list[Key]:
        """Those that are bad for so long that this is how the CI is now."""
        if not self.jobs:
            return []
        adopt = self._policy.adopt.total_seconds()
        return [key for key, accused in self.jobs.items() if now - accused.at >= adopt]

    def adopt(self, key: Key, now: float, by: str = "") -> None:
        """Takes the job as it is."""
        self.jobs.pop(key, None)
        note = Adopted(now, key[-1], by)
        self.adopted = [*(earlier for earlier in self.adopted if earlier.job != note.job), note]
        del self.adopted[:-_MOST_ADOPTED]

    @property
    def bad(self) -> list[tuple[str, Accused]]:
        """The jobs that are bad now, each once, the first one that was first."""
        jobs: dict[str, Accused] = {}
        for key, accused in sorted(self.jobs.items(), key=lambda pair: (pair[1].at, pair[0])):
            if not accused.back:
                jobs.setdefault(key[-1], accused)
        return list(jobs.items())


class AccusingKind(SignalKind):
    """A signal that accuses single jobs or branches, of which it knows the ``_histories``.

    ``fault`` is what is wrong with their results.
    """

    seen = SeenJobs
    fault: ClassVar[Fault]

    def __init__(self, policy: AccusedPolicy) -> None:
        self._policy: Any = policy
        self._histories: dict[Any, Any] = {}
        self._accused = AccusedJobs(policy)

    @property
    @abstractmethod
    def judged(self) -> int:
        """Of how many enough is known to judge them."""

    def standing(self, _now: float, _ending: bool) -> Reading:
        """Bad while one is accused; where none was heard of, nothing can be said."""
        if self._accused.jobs:
            return Reading(State.DEGRADED if self._accused.bad else State.HEALTHY, False)
        return CLEAR if self._histories else Reading(State.UNKNOWN, False)

    def figures(self, now: float, _reading: Reading) -> SignalFigures:
        """The one that is bad for longest, and how many others are; else what was adopted."""
        bad, judged = self._accused.bad, self.judged
        seen = SeenJobs(judged, self._policy.changes)
        if not bad:
            last = self._accused.adopted[-1] if self._accused.adopted else None
            if last is not None and now - last.at < SAID:
                after = self._policy.adopt.total_seconds()
                seen = replace(seen, adopted=last.job, by=last.by, after=after)
            return SignalFigures(n=judged, seen=self.own(seen))
        job, accused = bad[0]
        figures = (accused.row, accused.limit, accused.since.at, *accused.figures, len(bad) - 1)
        return SignalFigures(
            n=accused.row,
            seen=self.own(SeenJobs(judged, self._policy.changes, job, *figures)),
            evidence=_evidence(accused, self.fault),
            since=moment(accused.since.at),
        )


def burst(uploaded: float | None, at: float) -> int:
    """The ten minutes of an upload, or of the report where that is not known."""
    return int((at if uploaded is None else uploaded) // _BURST)


def _evidence(accused: Accused, fault: Fault) -> tuple[Evidence, ...]:
    """The newest bad result, the first one, and the last good one."""
    bad = dict.fromkeys((accused.newest, accused.since))
    good = evidence(accused.before, Fault.LAST_GOOD)
    return (*(evidence(proof, fault) for proof in bad), good)


def others(seen: SeenJobs, is_so: str, are_so: str) -> str:
    """As "; so are 3 other jobs"; empty where there are none."""
    jobs = plural(seen.others, "other job")
    return f"; so {is_so if seen.others == 1 else are_so} {jobs}" if seen.others else ""


def adopted(seen: SeenJobs, been: str) -> Words:
    """That another job took the place of one, or that one has ``been`` so for long, if any."""
    if seen.adopted is None:
        return ()
    if seen.by:
        return job_span(seen.by), " took the place of ", job_span(seen.adopted)
    lasted = span(timedelta(seconds=seen.after))
    return job_span(seen.adopted), f" has been {been} for {lasted}: this is how it is now"
