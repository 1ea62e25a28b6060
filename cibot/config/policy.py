"""The thresholds by which a CI is judged, a class for each section below ``[judgement]``.

Shares are in 0..1, windows and times are timedeltas. The defaults need no tuning. A signal
with a file of its own has its thresholds there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from cibot.config.values import Count, Duration, Section, Share

# Pipelines that say nothing of how a CI serves reviewers, by a word of their name.
UNCOUNTED = ("gate", "experimental", "periodic", "post", "promote", "release", "tag", "nightly")

Factor = Annotated[float, Field(gt=1, le=1000)]


class Thresholds(Section):
    """The thresholds of one signal; those named in ``rising`` must rise in that order."""

    rising: ClassVar[tuple[str, ...]] = ()

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Each key that does not go together with another one, and what is wrong with it."""
        for low, high in pairwise(self.rising):
            if getattr(self, low) >= getattr(self, high):
                yield low, f"must be below `{high}`"


class SuccessPolicy(Thresholds):
    """``[judgement.success]``: PASS of PASS and FAIL where the reference passed.

    The upper bound of the interval is compared.
    """

    rising = ("failing", "degraded", "clears")
    window: Duration = timedelta(days=7)
    reach: Duration = timedelta(days=28)  # how far back to look for ``minimum`` results
    minimum: Count = 20
    degraded: Share = 0.80
    failing: Share = 0.50
    clears: Share = 0.85

    def contradictions(self) -> Iterator[tuple[str, str]]:
        yield from super().contradictions()
        if self.reach < self.window:
            yield "reach", "must not be below `window`"


class ChartPolicy(Thresholds):
    """``[judgement.chart]``: how readily a drop from a CI's own past is an alert."""

    false_alerts: Share = 0.05  # a CI and month, at most
    minimum: Count = 100  # results learnt before anything is called unusual
    adopt: Duration = timedelta(days=28)  # a drop that lasts this long is the CI's new usual rate


class SilencePolicy(Thresholds):
    """``[judgement.silence]``: patch sets in a row without the report that was due."""

    window: Duration = timedelta(days=28)  # where coverage and rhythm are learnt
    minimum: Count = 10
    doubt: Share = 1e-4  # the chance of that many misses by luck
    assumed: Share = 0.20  # coverage of a CI whose own can no longer be learnt
    burst: Duration = timedelta(minutes=10)  # uploads this close are one chance to report
    clears: Count = 2
    rhythm_factor: Annotated[float, Field(gt=1, le=100)] = 3.0  # times its longest gap
    rhythm_least: Duration = timedelta(days=1)
    rhythm_minimum: Count = 20
    rhythm_span: Duration = timedelta(days=14)

    def contradictions(self) -> Iterator[tuple[str, str]]:
        yield from super().contradictions()
        if self.rhythm_span > self.window:
            yield "rhythm_span", "must not be above `window`"


class SharePolicy(Thresholds):
    """A share that is bad when it is surely high: its lower bound is compared."""

    rising = ("clears", "degraded", "failing")
    window: Duration
    minimum: Count
    degraded: Share
    failing: Share
    clears: Share  # at or below this share it is well again


class InfraPolicy(SharePolicy):
    """``[judgement.infra]``: runs that the system broke, not the change."""

    window: Duration = timedelta(days=3)
    minimum: Count = 10
    degraded: Share = 0.10
    failing: Share = 0.30
    clears: Share = 0.05


class DisagreementPolicy(SharePolicy):
    """``[judgement.disagreement]``: patch sets failed that the reference passed."""

    window: Duration = timedelta(days=7)
    minimum: Count = 20
    degraded: Share = 0.15
    failing: Share = 0.40
    clears: Share = 0.10


class CoveragePolicy(Thresholds):
    """``[judgement.coverage]``: reports by their deadline, as a share of the CI's usual coverage.

    The upper bound of the interval is compared.
    """

    rising = ("failing", "degraded", "clears")
    window: Duration = timedelta(days=7)
    minimum: Count = 10
    degraded: Share = 0.90
    failing: Share = 0.60
    clears: Share = 0.93


class LatencyPolicy(Thresholds):
    """``[judgement.latency]``: upload to verdict, as times the CI's p95 of the weeks before."""

    rising = ("clears", "degraded")
    window: Duration = timedelta(days=7)
    minimum: Count = 20
    degraded: Factor = 2.0  # slow is never failing
    clears: Factor = 1.5
    slow_days: Count = 3  # slow on so many different days: one busy afternoon is no news


class FlipsPolicy(Thresholds):
    """``[judgement.flips]``: failures that passed on a recheck; shown only."""

    window: Duration = timedelta(days=14)
    minimum: Count = 20


class JobPolicy(Thresholds):
    """``[judgement.job]``: changes in a row that one voting job failed.

    Only changes that the reference passed count.
    """

    window: Duration = timedelta(days=14)
    minimum: Count = 20  # results by which a job's past is known
    changes: Count = 3  # never fewer than these
    false_alerts: Share = 0.05  # a CI and month, at most, over all its jobs
    clears: Count = 2  # passes in a row after which the job is well again


class BranchPolicy(Thresholds):
    """``[judgement.branch]``: one branch that breaks while the others are well."""

    false_alerts: Share = 0.01  # a CI and month, at most, over all its branches
    others: Count = 5  # results on the other branches since then, of which most are well


class IncidentPolicy(Thresholds):
    """``[judgement.incident]``: how incidents open and close."""

    reopen: Duration = timedelta(days=1)  # back within this, it is the same incident
    hold: Duration = timedelta(hours=1)  # to stay well after coming back; doubles each time
