"""The thresholds by which a CI is judged. Defaults need no tuning.

Shares are in 0..1, windows and times are timedeltas. A policy that contradicts
itself is refused with the field and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from itertools import pairwise

from cibot.config.judgement import UNCOUNTED
from cibot.errors import ConfigError

_DAY = timedelta(days=1)
_NOTHING = timedelta(0)


def _share(name: str, value: float) -> list[str]:
    return [] if 0 < value < 1 else [f"{name} = {value} is not a share between 0 and 1"]


def _length(name: str, value: timedelta) -> list[str]:
    return [] if value > _NOTHING else [f"{name} = {value} is not longer than nothing"]


def _count(name: str, value: int) -> list[str]:
    return [] if value >= 1 else [f"{name} = {value} is not a count of at least 1"]


def _rising(*named: tuple[str, float]) -> list[str]:
    return [
        f"{low[0]} = {low[1]} must be below {high[0]} = {high[1]}"
        for low, high in pairwise(named)
        if not low[1] < high[1]
    ]


@dataclass(frozen=True, slots=True)
class SuccessPolicy:
    """PASS of PASS and FAIL where the reference passed; the upper bound is compared."""

    window: timedelta = 7 * _DAY
    reach: timedelta = 28 * _DAY  # how far back to look for ``minimum`` results
    minimum: int = 20
    degraded: float = 0.80
    failing: float = 0.50
    clears: float = 0.85

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *_length("window", self.window),
            *_count("minimum", self.minimum),
            *_share("failing", self.failing),
            *_share("clears", self.clears),
            *_rising(
                ("failing", self.failing), ("degraded", self.degraded), ("clears", self.clears)
            ),
            *([] if self.reach >= self.window else ["reach is shorter than window"]),
        ]


@dataclass(frozen=True, slots=True)
class ChartPolicy:
    """How readily a drop from a CI's own past is told."""

    false_alerts: float = 0.05  # a CI and month, at most
    minimum: int = 100  # results learnt before anything is called unusual
    adopt: timedelta = 28 * _DAY  # a drop that lasts this long is how the CI is now

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *_share("false_alerts", self.false_alerts),
            *_count("minimum", self.minimum),
            *_length("adopt", self.adopt),
        ]


@dataclass(frozen=True, slots=True)
class SilencePolicy:
    """Missed patch sets in a row; ``doubt`` is the chance of that many by luck."""

    window: timedelta = 28 * _DAY  # where coverage and rhythm are learnt
    minimum: int = 10
    doubt: float = 1e-4
    assumed: float = 0.20  # coverage of a CI whose own can no longer be learnt
    burst: timedelta = timedelta(minutes=10)  # uploads this close are one chance to report
    clears: int = 2
    rhythm_factor: float = 3.0  # without missed patch sets: times its longest gap
    rhythm_least: timedelta = _DAY
    rhythm_minimum: int = 20
    rhythm_span: timedelta = 14 * _DAY

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *_length("window", self.window),
            *_count("minimum", self.minimum),
            *_share("doubt", self.doubt),
            *_share("assumed", self.assumed),
            *_count("clears", self.clears),
            *_count("rhythm_minimum", self.rhythm_minimum),
            *_length("rhythm_least", self.rhythm_least),
            *([] if self.burst >= _NOTHING else [f"burst = {self.burst} is below nothing"]),
            *([] if self.rhythm_factor > 1 else ["rhythm_factor must be above 1"]),
            *([] if self.rhythm_span <= self.window else ["rhythm_span is longer than window"]),
        ]


@dataclass(frozen=True, slots=True)
class SharePolicy:
    """A share that is bad when surely high: its lower bound is compared."""

    window: timedelta
    minimum: int
    degraded: float
    failing: float
    clears: float  # at or below this share it is well again

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *_length("window", self.window),
            *_count("minimum", self.minimum),
            *_share("clears", self.clears),
            *_share("failing", self.failing),
            *_rising(
                ("clears", self.clears), ("degraded", self.degraded), ("failing", self.failing)
            ),
        ]


@dataclass(frozen=True, slots=True)
class CoveragePolicy:
    """Chances that the CI took, as a share of what it usually takes; the upper bound counts."""

    window: timedelta = 7 * _DAY
    minimum: int = 10
    degraded: float = 0.90
    failing: float = 0.60
    clears: float = 0.93

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *_length("window", self.window),
            *_count("minimum", self.minimum),
            *_share("failing", self.failing),
            *_share("clears", self.clears),
            *_rising(
                ("failing", self.failing), ("degraded", self.degraded), ("clears", self.clears)
            ),
        ]


@dataclass(frozen=True, slots=True)
class LatencyPolicy:
    """Time from upload to verdict, as times the CI's own p95 of the weeks before."""

    window: timedelta = 7 * _DAY
    minimum: int = 20
    degraded: float = 2.0
    failing: float = 4.0
    clears: float = 1.5
    slow_days: int = 3  # slow ones on so many different days: one busy afternoon is no news

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *_length("window", self.window),
            *_count("minimum", self.minimum),
            *_count("slow_days", self.slow_days),
            *([] if self.clears > 1 else [f"clears = {self.clears} is not above 1"]),
            *_rising(
                ("clears", self.clears), ("degraded", self.degraded), ("failing", self.failing)
            ),
        ]


@dataclass(frozen=True, slots=True)
class FlipsPolicy:
    """Failures that passed on the same patch set; shown only."""

    window: timedelta = 14 * _DAY
    minimum: int = 20

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [*_length("window", self.window), *_count("minimum", self.minimum)]


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """Changes in a row that one voting job failed where the reference passed."""

    window: timedelta = 14 * _DAY
    minimum: int = 20  # results of the job to know its past by
    changes: int = 3  # never fewer than these
    false_alerts: float = 0.05  # a CI and month, at most, over all its jobs
    clears: int = 2  # passes in a row after which the job is well again

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *_length("window", self.window),
            *_count("minimum", self.minimum),
            *_count("changes", self.changes),
            *_count("clears", self.clears),
            *_share("false_alerts", self.false_alerts),
        ]


def _infra() -> SharePolicy:
    return SharePolicy(3 * _DAY, 10, degraded=0.10, failing=0.30, clears=0.05)


def _disagreement() -> SharePolicy:
    return SharePolicy(7 * _DAY, 20, degraded=0.15, failing=0.40, clears=0.10)


@dataclass(frozen=True, slots=True)
class IncidentPolicy:
    """How incidents open and close."""

    reopen: timedelta = _DAY  # back within this, it is the same incident
    hold: timedelta = timedelta(hours=1)  # to stay well after coming back; doubles each time

    def mistakes(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            f"{name} = {value} is below nothing"
            for name, value in (("reopen", self.reopen), ("hold", self.hold))
            if value < _NOTHING
        ]


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that judging one CI needs to know.

    Raises ConfigError, naming every contradiction, when it makes no sense.
    """

    success: SuccessPolicy = field(default_factory=SuccessPolicy)
    chart: ChartPolicy = field(default_factory=ChartPolicy)
    silence: SilencePolicy = field(default_factory=SilencePolicy)
    infra: SharePolicy = field(default_factory=_infra)
    disagreement: SharePolicy = field(default_factory=_disagreement)
    coverage: CoveragePolicy = field(default_factory=CoveragePolicy)
    latency: LatencyPolicy = field(default_factory=LatencyPolicy)
    flips: FlipsPolicy = field(default_factory=FlipsPolicy)
    job: JobPolicy = field(default_factory=JobPolicy)
    incident: IncidentPolicy = field(default_factory=IncidentPolicy)
    feed_stale: timedelta = timedelta(minutes=15)
    uncounted: tuple[str, ...] = UNCOUNTED  # words of pipelines whose results do not count

    def __post_init__(self) -> None:
        wrong = _length("feed_stale", self.feed_stale)
        for part in fields(self):
            value = getattr(self, part.name)
            if hasattr(value, "mistakes"):
                wrong += [f"{part.name}: {text}" for text in value.mistakes()]
        if wrong:
            raise ConfigError("The policy contradicts itself: " + "; ".join(wrong) + ".")
