"""What happens to a CI, one thing at a time: what its signals are fed with, in order.

Each input has the time at which it can be known, which is never before the
times of the comments that it rests on.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from cibot.health.facts import JobRun, Proof, Upload
from cibot.model import Result


class Heard(NamedTuple):
    """The CI wrote something, a start notice too; ``reports`` where it was the end of a run."""

    at: float
    change_id: int
    patch_set: int
    project: str
    branch: str
    reports: bool


class Counted(NamedTuple):
    """A result enters the window of a signal, or with ``sign`` -1 leaves it again.

    ``proof.at`` is when it was posted. A newer attempt takes the older one's place;
    a reference verdict that lies nearer changes what a result counts for. ``upload`` is
    its patch set's.
    """

    at: float
    window: str
    bad: bool
    sign: int
    proof: Proof
    upload: Upload | None = None


class VerdictKind(IntEnum):
    """What a verdict rests on: each kind passes at a rate of its own, which is learnt."""

    FAIR = 0  # the reference passed, or there is none
    UNPAIRED = 1  # the next patch set came before the reference's verdict
    AGAIN = 2  # the one before on this change, or on its stack, was a failure
    SERIES = 3  # the one before of this author was, hours ago at most
    LONG_SERIES = 4  # two or more of this author were
    BURST = 5  # the one before was, uploaded shortly before by an unknown author
    LONG_BURST = 6  # two or more were


class FirstVerdict(NamedTuple):
    """The CI's first verdict on a patch set and pipeline; what the reference failed makes none.

    ``paired`` says that the reference passed, or that there is none; else its run was
    cancelled. ``failures`` are the first verdicts right before this one, on the change's
    earlier patch sets, that failed. ``upload`` is the patch set's, ``failed`` are its voting jobs
    that did, and ``referenced`` says that there is a reference.
    """

    at: float
    passed: bool
    proof: Proof
    upload: Upload | None = None
    paired: bool = True
    failures: int = 0
    failed: tuple[str, ...] = ()
    referenced: bool = False


class JobResults(NamedTuple):
    """What the voting jobs of an attempt said where the reference passed.

    ``upload`` is its patch set's.
    """

    at: float
    runs: tuple[JobRun, ...]
    proof: Proof
    upload: Upload | None = None


class Attempted(NamedTuple):
    """A run ended, or broke by itself; of one change after each other it breaks but once.

    ``stopped`` says that it was ended before it had a verdict, as where somebody aborts it.
    """

    at: float
    broke: bool
    stopped: bool = False


class RunEnded(NamedTuple):
    """A run of the CI ended: its builds, those that do not vote too.

    ``passed`` is what its voting builds make of it. ``uploaded`` is when the patch set came.
    """

    at: float
    project: str
    passed: bool
    runs: tuple[JobRun, ...]
    proof: Proof
    uploaded: float | None = None


class Took(NamedTuple):
    """How long after the upload the first verdict on a patch set came, in hours."""

    at: float
    hours: float
    proof: Proof


class Tried(NamedTuple):
    """A pass or failure; ``flipped`` is the failure before it that it proves to be a flake."""

    at: float
    flipped: Proof | None


class Due(NamedTuple):
    """The CI should report on a patch set: the reference judged it for the first time.

    Where there is no reference, it was uploaded. ``named``: the configuration says that its
    branch is the CI's.
    """

    at: float
    uploaded_at: float
    project: str
    branch: str
    proof: Proof
    reported_at: float | None  # the CI did so before
    named: bool = False


class Chance(NamedTuple):
    """A deadline passed that the CI had on a branch: ``taken`` says whether it had reported."""

    at: float
    branch: str
    uploaded: float
    taken: bool
    proof: Proof


class Ended(NamedTuple):
    """A patch set was replaced, or its change closed: no report on it is due any more."""

    at: float
    change_id: int
    patch_set: int


Input = (
    Heard
    | Counted
    | FirstVerdict
    | JobResults
    | Attempted
    | RunEnded
    | Took
    | Tried
    | Due
    | Chance
    | Ended
)

FAIR, RAN, PAIRED, REFUSED = "fair", "ran", "paired", "refused"
"""The windows: what speaks of the CI, what was run, what the reference passed, what it failed."""

COUNTED = frozenset({Result.PASS, Result.FAIL})
