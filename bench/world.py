"""Simulated review history: changes, a reference CI, and CIs whose moods change with time.

The same world can be judged from what it means (`simulated`) or written as Gerrit's REST
would give it (`rest`), to go through the whole production path. Seeded; times are
seconds from `START`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from cibot.config.judgement import Policy
from cibot.health.change_history import follow
from cibot.health.facts import Attempt, ChangeFacts, JobRun, RefVerdict, moment
from cibot.health.inputs import Input
from cibot.incidents.tracker import Tracker
from cibot.model import Result

START = datetime(2026, 1, 5, tzinfo=UTC).timestamp()  # a Monday
HOUR, DAY = 3600.0, 86_400.0
JOBS = ("unit", "tempest", "upgrade")
REFERENCE, CI = 1, 2
PROJECT = "world"
STABLE = "stable/2026.1"
_BRANCHES = ("master", "master", STABLE, "master", "master", "stable/2025.2", "master")
_WORDS = {"P": "SUCCESS", "F": "FAILURE", "I": "NODE_FAILURE", "A": "ABORTED"}
_RESULTS = {"P": Result.PASS, "F": Result.FAIL, "I": Result.INFRA, "A": Result.INFRA}


@dataclass(frozen=True, slots=True)
class Mood:
    """How a CI is at some time; shares in 0..1."""

    passes: float = 0.9  # of what is not the change's fault
    infra: float = 0.0
    covers: float = 1.0
    hours: float = 1.0  # the median time to a report
    broken_job: str | None = None
    blind: bool = False  # it passes everything
    aborts: bool = True  # in a rough world: the next patch set ends its run
    only: str | None = None  # in a rough world: the one branch that it reports on
    breaks: str | None = None  # in a rough world: the branch on which nothing passes
    quiet: str | None = None  # in a rough world: the branch on which it says nothing
    thin: str | None = None  # in a rough world: the branch on which it reports on a third
    gone: str | None = None  # a job that does not run any more
    new: str | None = None  # one that runs besides
    fast: str | None = None  # one that passes in half a minute


Nature = Callable[[float], Mood]  # (day) -> how it is then


def always(**fields: Any) -> Nature:
    """A CI that never changes."""
    mood = Mood(**fields)
    return lambda _day: mood


@dataclass(slots=True)
class Said:
    """One report: P, F, I or A (aborted by the next patch set), and the job that made it so."""

    at: float
    patch_set: int
    letter: str
    job: str | None
    mood: Mood | None = None

    def runs(self) -> Iterator[tuple[str, str, int]]:
        """Each job, what it says, and how many seconds it took."""
        mood = self.mood or Mood()
        for place, job in enumerate([job for job in (*JOBS, mood.new) if job]):
            if job != mood.gone:
                spread = 2 * (self.at * (place + 7.3) % 1) - 1
                took = 30 if job == mood.fast else 900 * (place + 1) * math.exp(0.5 * spread)
                yield job, self.letter if job == self.job else "P", int(took)


@dataclass(slots=True)
class Made:
    """One change, and what each CI (by number) said of it."""

    number: int
    uploads: list[float]
    closed: float
    said: dict[int, list[Said]] = field(default_factory=dict)
    owner: int | None = None
    base: int | None = None  # the lowest change of its stack, where that is another

    @property
    def branch(self) -> str:
        """Most are for master; some in a row are for one release."""
        return _BRANCHES[self.number // 5 % len(_BRANCHES)]


@dataclass(frozen=True, slots=True)
class Traffic:
    """``pace`` patch sets a day; ``broken`` is the share of changes that fail everywhere.

    With ``week`` nights and weekends bring a twentieth of an hour of work. ``gate``
    is a span of days in which everything fails everywhere; ``changes`` makes other changes than
    `world` does by itself, as `bench.rough.changes`. There are ``authors``, whom Gerrit names where
    ``known_authors`` is set; ``series`` is the share of pushes that are one author's series of
    changes with one mistake.
    """

    pace: float
    broken: float = 0.0
    week: bool = False
    gate: tuple[float, float] | None = None
    changes: Maker | None = None
    authors: int = 15
    known_authors: bool = True
    series: float = 0.0

    def starts(
        self, rng: random.Random, days: float, share: float | None = None
    ) -> Iterator[float]:
        """When changes are uploaded first, in days; ``share`` of the patch sets are first ones."""
        rate = self.pace * (share or (0.5 if self.broken else 1.0))
        if not self.week:
            for i in range(int(days * rate)):
                yield (i + rng.random()) / rate
            return
        busy = 24 * 7 * rate / (5 * 10 + (7 * 24 - 50) / 20)  # an hour of work, in a day's terms
        at = 0.0
        while (at := at + rng.expovariate(busy)) < days:
            works = at % 7 < 5 and 8 <= at % 1 * 24 < 18
            if works or rng.random() < 0.05:
                yield at


Maker = Callable[[random.Random, Traffic, list[tuple[int, Nature]], float, float], Iterator[Made]]
"""Makes the changes of some days (the fourth argument) from a day (the fifth) on."""


def world(
    rng: random.Random,
    traffic: Traffic,
    natures: Iterable[Nature],
    days: float,
    begin: float = 0.0,
) -> list[Made]:
    """A history from day ``begin`` on, for ``days``.

    A broken change gets patch set after patch set, and fails with each.
    """
    cis = list(enumerate(natures, REFERENCE + 1))
    if traffic.changes:
        return list(traffic.changes(rng, traffic, cis, days, begin))
    made = []
    for number, start in enumerate(traffic.starts(rng, days), 1 + int(begin * 100_000)):
        uploads, broken = [begin + start], rng.random() < traffic.broken
        while traffic.broken and rng.random() < 0.5:
            uploads.append(uploads[-1] + rng.uniform(0.1, 0.4))
        change = Made(number, [START + at * DAY for at in uploads], START + uploads[-1] * DAY + DAY)
        at_fault = rng.choice(JOBS) if broken else None
        for patch_set, at in enumerate(uploads, 1):
            _tell(rng, change, patch_set, at, at_fault, traffic, cis)
        made.append(change)
    return made


def _tell(
    rng: random.Random,
    change: Made,
    patch_set: int,
    at: float,
    at_fault: str | None,
    traffic: Traffic,
    cis: list[tuple[int, Nature]],
) -> None:
    if traffic.gate and traffic.gate[0] <= at < traffic.gate[1]:
        at_fault = at_fault or JOBS[0]
    begun = START + at * DAY
    judged = begun + rng.uniform(0.3, 0.7) * HOUR
    missed = at_fault and traffic.gate is None and rng.random() < 0.05
    fails = at_fault is not None and not missed
    verdict = Said(judged, patch_set, "F" if fails else "P", at_fault if fails else None)
    change.said.setdefault(REFERENCE, []).append(verdict)
    for number, nature in cis:
        mood = nature(at)
        if rng.random() >= mood.covers:
            continue
        letter, job = outcome(rng, mood, at_fault)
        posted = begun + mood.hours * HOUR * rng.lognormvariate(0.0, 0.3)
        change.said.setdefault(number, []).append(Said(posted, patch_set, letter, job, mood))


def outcome(rng: random.Random, mood: Mood, at_fault: str | None) -> tuple[str, str | None]:
    """The letter of a CI's report, and the job that made it so."""
    if rng.random() < mood.infra:
        return "I", rng.choice(JOBS)
    if mood.blind:
        return "P", None
    if at_fault is not None and at_fault != mood.gone:
        return "F", at_fault
    if mood.broken_job is not None:
        return "F", mood.broken_job
    if rng.random() < mood.passes:
        return "P", None
    job = rng.choice(JOBS)
    return ("P", None) if job == mood.gone else ("F", job)


def facts(made: Iterable[Made], ci: int) -> Iterator[ChangeFacts]:
    """What the changes mean for a CI."""
    for change in made:
        change_facts = ChangeFacts(
            change.number, change.number, PROJECT, change.branch, closed_at=change.closed
        )
        change_facts.uploads = dict(enumerate(change.uploads, 1))
        if change.owner is not None:
            change_facts.origins = dict.fromkeys(
                change_facts.uploads, (change.owner, change.base or change.number)
            )
        change_facts.own = [_attempt(said) for said in change.said.get(ci, ())]
        if ci == REFERENCE:  # which has none itself
            change_facts.referenced = lambda _at: False
            yield change_facts
            continue
        change_facts.reference = [
            RefVerdict(said.at, 0, said.patch_set, _RESULTS[said.letter])
            for said in change.said.get(REFERENCE, ())
        ]
        yield change_facts


def _attempt(said: Said) -> Attempt:
    runs = tuple(JobRun(job, _RESULTS[was], seconds=took) for job, was, took in said.runs())
    result, ended = _RESULTS[said.letter], said.letter == "A"
    return Attempt(said.at, 1, said.patch_set, "check", result, stopped=ended, runs=runs)


def inputs(made: Iterable[Made], ci: int) -> list[Input]:
    """What happens to a CI, in order of time."""
    return in_order(facts(made, ci))


def in_order(changes: Iterable[ChangeFacts]) -> list[Input]:
    """What the changes make, in order of time."""
    ordered = [event for change in changes for event in follow(change)]
    ordered.sort(key=attrgetter("at"))
    return ordered


def tracked(made: list[Made], ci: int, days: float, policy: Policy | None = None) -> Tracker:
    """The tracker of a CI after these changes."""
    tracker = Tracker(policy or Policy())
    tracker.advance(inputs(made, ci), START + days * DAY)
    return tracker


def rest(made: Iterable[Made]) -> Iterator[dict[str, Any]]:
    """The changes as Gerrit's REST gives them, with o=MESSAGES; account ids are CI numbers."""
    for change in made:
        messages = [
            (at, number, 0, f"Uploaded patch set {number}.")
            for number, at in enumerate(change.uploads, 1)
        ]
        messages += [
            (said.at, said.patch_set, ci, _text(change, said, ci))
            for ci, reports in change.said.items()
            for said in reports
        ]
        messages.sort(key=lambda each: each[0])
        yield {
            "_number": change.number,
            "project": PROJECT,
            "branch": change.branch,
            "subject": f"Change {change.number}",
            "status": "ABANDONED",
            **_origin(change),
            "created": _stamp(messages[0][0]),
            "updated": _stamp(max(messages[-1][0], change.closed)),
            "messages": [
                {
                    "id": f"{change.number:x}-{place:x}",
                    "date": _stamp(at),
                    "_revision_number": patch_set,
                    "author": {"_account_id": ci} if ci else {},
                    "message": text,
                }
                for place, (at, patch_set, ci, text) in enumerate(messages)
            ],
        }


def _origin(change: Made) -> dict[str, Any]:
    """The owner, and each patch set with its commit, as REST gives them with ALL_REVISIONS."""
    if change.owner is None:
        return {}
    revisions = {}
    for number in range(1, len(change.uploads) + 1):
        below = [{"commit": _commit(change.base, number)}] if change.base else []
        revisions[_commit(change.number, number)] = {
            "_number": number,
            "commit": {"parents": below},
        }
    return {"owner": {"_account_id": change.owner}, "revisions": revisions}


def _commit(number: int, patch_set: int) -> str:
    return f"{number:x}{patch_set:04x}".rjust(40, "c")


def _text(change: Made, said: Said, ci: int) -> str:
    word = {"P": "succeeded"}.get(said.letter, "failed")
    jobs = "\n".join(
        f"- {job} https://logs.example.org/{ci}/{change.number}/{said.patch_set}/{job} :"
        f" {_WORDS[was]} in {took // 60}m {took % 60:02}s"
        for job, was, took in said.runs()
    )
    return f"Patch Set {said.patch_set}:\n\nBuild {word} (check pipeline).\n\n{jobs}"


def _stamp(at: float) -> str:
    return f"{moment(at):%Y-%m-%d %H:%M:%S}.000000000"
