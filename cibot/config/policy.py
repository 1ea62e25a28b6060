"""The thresholds by which a CI is judged, a class for each section below ``[judgement]``.

Shares are in 0..1, windows and times are timedeltas. The defaults need no tuning. Several
signals share a section of these; a `cibot.health.kind.SignalKind` has one of its own, in its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Any, ClassVar

from pydantic import Field

from cibot.config.values import Count, Duration, Section, Share
from cibot.text import figures

# Pipelines that say nothing of how a CI serves reviewers, by a word of their name.
UNCOUNTED = ("gate", "experimental", "periodic", "post", "promote", "release", "tag", "nightly")

_DAY = timedelta(days=1)
Factor = Annotated[float, Field(gt=1, le=1000)]


def shown(about: str, *unit: str) -> Any:
    """What the page of how it judges says of a threshold, and the unit of a number: one, several.

    The unit of a share is written behind it.
    """
    return Field(description=about, json_schema_extra={"unit": list(unit)})


Window = Annotated[Duration, shown("Looks at the last")]
Results = Annotated[Count, shown("Judges from", "result")]
Below = Annotated[Share, shown("Degraded when surely below")]
FailingBelow = Annotated[Share, shown("Failing when surely below")]
Above = Annotated[Share, shown("Degraded when surely above")]
FailingAbove = Annotated[Share, shown("Failing when surely above")]
WellFrom = Annotated[Share, shown("Well again from")]
WellUpTo = Annotated[Share, shown("Well again at or below")]
FalseAlerts = Annotated[Share, shown("False alerts, at most", "per CI and month")]


class Thresholds(Section):
    """The thresholds of one signal; those named in ``rising`` must rise in that order."""

    rising: ClassVar[tuple[str, ...]] = ()

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Each key that does not go together with another one, and what is wrong with it."""
        for low, high in pairwise(self.rising):
            if getattr(self, low) >= getattr(self, high):
                yield low, f"must be below `{high}`"


def written(thresholds: Thresholds) -> Iterator[tuple[str, str]]:
    """Each threshold that is shown: what it is about, and its value as people write it."""
    for key, field in type(thresholds).model_fields.items():
        if field.description is not None:
            extra: Any = field.json_schema_extra or {}
            yield field.description, _written(getattr(thresholds, key), extra.get("unit", ()))


def _written(value: object, unit: Sequence[str]) -> str:
    if isinstance(value, timedelta):
        return figures.span(value)
    if isinstance(value, int) and unit:
        return figures.plural(value, *unit)
    if isinstance(value, float) and unit:
        return f"{value:g} {unit[0]}"
    if isinstance(value, float):
        rare = 0 < value < 0.01
        return f"1 in {figures.number(round(1 / value))}" if rare else figures.percent(value)
    return str(value)


class SuccessPolicy(Thresholds):
    """``[judgement.success]``: PASS of PASS and FAIL where the reference passed.

    The upper bound of the interval is compared.
    """

    rising = ("failing", "degraded", "clears")
    window: Window = 7 * _DAY
    reach: Annotated[Duration, shown("Reaches back for enough results, at most")] = 28 * _DAY
    minimum: Results = 20
    degraded: Below = 0.80
    failing: FailingBelow = 0.50
    clears: WellFrom = 0.85

    def contradictions(self) -> Iterator[tuple[str, str]]:
        yield from super().contradictions()
        if self.reach < self.window:
            yield "reach", "must not be below `window`"


class ChartPolicy(Thresholds):
    """``[judgement.chart]``: how readily a drop from a CI's own past is an alert."""

    false_alerts: FalseAlerts = 0.05
    minimum: Annotated[Count, shown("Learns from, before anything is unusual", "result")] = 100
    adopt: Annotated[Duration, shown("A drop that lasts becomes the usual after")] = 28 * _DAY


class SilencePolicy(Thresholds):
    """``[judgement.silence]``: patch sets in a row without the report that was due."""

    window: Annotated[Duration, shown("Learns what is usual from the last")] = 28 * _DAY
    minimum: Annotated[Count, shown("Judges from", "patch set")] = 10
    doubt: Annotated[Share, shown("Chance of so many missed by luck")] = 1e-4
    assumed: Share = 0.20  # coverage of a CI whose own can no longer be learnt
    burst: Annotated[Duration, shown("Uploads this close count as one chance")] = timedelta(
        minutes=10
    )
    clears: Annotated[Count, shown("Well again after", "report")] = 2
    rhythm_factor: Annotated[float, Field(gt=1, le=100)] = 3.0  # times its longest gap
    rhythm_least: Duration = _DAY
    rhythm_minimum: Count = 20
    rhythm_span: Duration = 14 * _DAY

    def contradictions(self) -> Iterator[tuple[str, str]]:
        yield from super().contradictions()
        if self.rhythm_span > self.window:
            yield "rhythm_span", "must not be above `window`"


class SharePolicy(Thresholds):
    """A share that is bad when it is surely high: its lower bound is compared."""

    rising = ("clears", "degraded", "failing")
    window: Window
    minimum: Results
    degraded: Above
    failing: FailingAbove
    clears: WellUpTo


class InfraPolicy(SharePolicy):
    """``[judgement.infra]``: runs that the system broke, not the change."""

    window: Window = 3 * _DAY
    minimum: Results = 10
    degraded: Above = 0.10
    failing: FailingAbove = 0.30
    clears: WellUpTo = 0.05


class DisagreementPolicy(SharePolicy):
    """``[judgement.disagreement]``: patch sets failed that the reference passed."""

    window: Window = 7 * _DAY
    minimum: Results = 20
    degraded: Above = 0.15
    failing: FailingAbove = 0.40
    clears: WellUpTo = 0.10


class CoveragePolicy(Thresholds):
    """``[judgement.coverage]``: reports by their deadline, as a share of the CI's usual coverage.

    The upper bound of the interval is compared.
    """

    rising = ("failing", "degraded", "clears")
    window: Window = 7 * _DAY
    minimum: Annotated[Count, shown("Judges from", "chance")] = 10
    degraded: Annotated[Share, shown("Degraded when surely below, of its usual")] = 0.90
    failing: Annotated[Share, shown("Failing when surely below, of its usual")] = 0.60
    clears: WellFrom = 0.93


class LatencyPolicy(Thresholds):
    """``[judgement.latency]``: upload to verdict, as times the CI's p95 of the weeks before.

    Slow is never failing.
    """

    rising = ("clears", "degraded")
    window: Window = 7 * _DAY
    minimum: Results = 20
    degraded: Annotated[Factor, shown("Degraded from", "times its usual")] = 2.0
    clears: Annotated[Factor, shown("Well again below", "times its usual")] = 1.5
    slow_days: Annotated[Count, shown("Slow on at least", "day")] = 3


class FlipsPolicy(Thresholds):
    """``[judgement.flips]``: failures that passed on a recheck; shown only."""

    window: Window = 14 * _DAY
    minimum: Annotated[Count, shown("Shown from", "result")] = 20


class JobPolicy(Thresholds):
    """``[judgement.job]``: changes in a row that one voting job failed.

    Only changes that the reference passed count.
    """

    window: Window = 14 * _DAY
    minimum: Annotated[Count, shown("Knows a job from", "result")] = 20
    changes: Annotated[Count, shown("No alert for fewer than", "change")] = 3
    false_alerts: FalseAlerts = 0.05
    clears: Annotated[Count, shown("Well again after", "pass", "passes")] = 2


class BranchPolicy(Thresholds):
    """``[judgement.branch]``: one branch that breaks while the others are well."""

    false_alerts: FalseAlerts = 0.01
    others: Annotated[Count, shown("Compares with, on the others", "result")] = 5


class IncidentPolicy(Thresholds):
    """``[judgement.incident]``: how incidents open and close."""

    reopen: Annotated[Duration, shown("The same incident when back within")] = _DAY
    hold: Annotated[Duration, shown("Must stay well after coming back for")] = timedelta(hours=1)
