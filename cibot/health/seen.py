"""What signals saw, as figures: their words are made in `cibot.incidents.signal_words`.

Shares are in 0..1. ``least`` is how many results are needed to judge, 0 where any number does;
``degraded`` and ``failing`` are where the verdict turns, None where a signal is shown only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from cibot.health.chart import Drop


class Fault(StrEnum):
    """What is wrong with a result that a signal rests on."""

    FAILED = "failed"
    FAILED_ALONE = "failed_alone"  # the reference passed
    PASSED_ALONE = "passed_alone"  # the reference failed
    FLIPPED = "flipped"  # failed, and passed when it ran again
    BROKE = "broke"
    SLOW = "slow"
    MISSED = "missed"  # no report by the deadline
    GONE = "gone"  # a report without a job that is usually there
    FAST = "fast"
    LAST_GOOD = "last_good"  # nothing: it shows how it was before


@dataclass(frozen=True, slots=True)
class Period:
    """What was looked at: ``length``, or what came since the CI recovered.

    It ends now or, where the CI was not heard for a while, ``until`` it was heard last.
    """

    length: timedelta
    recovered_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FaultRun:
    """How many of ``n`` attempts had a fault since a trouble began, earlier ones included."""

    since: datetime
    count: int
    n: int


@dataclass(frozen=True, slots=True)
class FaultShare:
    """How many of ``n`` results had a fault; bad above the limits.

    ``run`` is what accuses, where that counts every attempt; the window counts the last of each.
    ``usual`` says that it was not better before, as far as is known.
    """

    fault: Fault
    count: int
    n: int
    period: Period
    least: int
    degraded: float | None = None
    failing: float | None = None
    run: FaultRun | None = None
    usual: bool = False
    kind: Literal["faults"] = "faults"


@dataclass(frozen=True, slots=True)
class PassRate:
    """How many of ``n`` results passed; ``beside``: only of what the reference passed."""

    passes: int
    n: int
    period: Period
    least: int
    beside: bool
    degraded: float
    failing: float
    kind: Literal["rate"] = "rate"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What passed since a CI is back from a drop."""

    since: datetime
    passes: int
    n: int


@dataclass(frozen=True, slots=True)
class OwnPast:
    """A pass rate compared with the CI's own past.

    ``usual`` is the rate that is usual for it, None while only ``learnt`` of ``least`` results
    are known. ``drop`` is set while it is below that, and ``back`` while the rate is of a time
    that holds a drop which is over; ``adopted`` is how long a drop lasted that is taken for
    how the CI is now, and ``before`` what was usual until then.
    """

    rate: PassRate
    usual: float | None
    learnt: int
    least: int
    drop: Drop | None = None
    adopted: timedelta | None = None
    back: Recovery | None = None
    before: float | None = None
    kind: Literal["past"] = "past"


@dataclass(frozen=True, slots=True)
class LastHeard:
    """When the CI was last heard, and how many chances to report it missed in a row since.

    It is silent after ``patience`` of them, as it surely takes the share ``takes``; where that
    is not known, after a quiet of ``limit``, as ``longest`` was the longest before.
    """

    heard_at: datetime | None
    quiet: timedelta
    missed: int
    patience: int | None = None
    takes: float | None = None
    limit: timedelta | None = None
    longest: timedelta | None = None
    stale: bool = False  # our own feed
    kind: Literal["presence"] = "presence"


@dataclass(frozen=True, slots=True)
class Reported:
    """On how many of its chances the CI reported, and in the weeks before.

    The limits are shares of what is usual for it.
    """

    reported: int
    n: int
    period: Period
    reported_before: int
    n_before: int
    least: int
    degraded: float
    failing: float
    stale: bool = False  # our own feed
    kind: Literal["reported"] = "reported"


@dataclass(frozen=True, slots=True)
class Times:
    """How long first verdicts took; ``usual`` is the 95th percentile of the weeks before.

    ``degraded`` is a multiple of it.
    """

    median: timedelta | None
    p95: timedelta | None
    n: int
    period: Period
    usual: timedelta | None
    n_before: int
    least: int
    degraded: float
    kind: Literal["times"] = "times"


@dataclass(frozen=True, slots=True)
class Streak:
    """The longest streak of failures of a job, and what it did before; no job: none is long.

    ``known`` are the jobs of which enough is known, ``others`` those with a long streak too.
    ``limit`` is the length from which on a streak is no luck.
    """

    job: str | None
    failures: int
    limit: int
    failed_before: int
    n_before: int
    period: Period
    others: int
    known: int
    kind: Literal["streak"] = "streak"


Plain = int | float | str | None


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """What a signal with a file of its own saw, which that file puts into words."""

    signal: str
    figures: dict[str, Plain]
    kind: Literal["own"] = "own"


@dataclass(frozen=True, slots=True)
class BranchBeside:
    """What passed on a branch since it broke alone, and on the others; no branch: none did.

    ``usual`` is the rate that is usual there, None where too little is known; ``known`` are
    the branches of which enough is.
    """

    known: int
    branch: str | None = None
    since: datetime | None = None
    passes: int = 0
    n: int = 0
    usual: float | None = None
    passes_elsewhere: int = 0
    n_elsewhere: int = 0
    kind: Literal["branch"] = "branch"


@dataclass(frozen=True, slots=True)
class EarlierWords:
    """What a version that stored sentences wrote."""

    text: str
    threshold: str = ""
    kind: Literal["words"] = "words"


Seen = Annotated[
    FaultShare
    | PassRate
    | OwnPast
    | LastHeard
    | Reported
    | Times
    | Streak
    | BranchBeside
    | OwnFigures
    | EarlierWords,
    Field(discriminator="kind"),
]
