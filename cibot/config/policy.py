"""The thresholds by which a CI is judged: ``[judgement]`` of the configuration.

Shares are in 0..1, windows and times are timedeltas. The defaults need no tuning.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from cibot.config.values import Count, Duration, Section, Share, Text
from cibot.text.patterns import fits_any

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
    """``[judgement.coverage]``: reports by their deadline, as a share of what is usual.

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
    beside: Count = 5  # results on the other branches since then, of which most are well


class IncidentPolicy(Thresholds):
    """``[judgement.incident]``: how incidents open and close."""

    reopen: Duration = timedelta(days=1)  # back within this, it is the same incident
    hold: Duration = timedelta(hours=1)  # to stay well after coming back; doubles each time


class Policy(Section):
    """Everything that judging one CI needs to know."""

    success: SuccessPolicy = SuccessPolicy()
    chart: ChartPolicy = ChartPolicy()
    silence: SilencePolicy = SilencePolicy()
    infra: InfraPolicy = InfraPolicy()
    disagreement: DisagreementPolicy = DisagreementPolicy()
    coverage: CoveragePolicy = CoveragePolicy()
    latency: LatencyPolicy = LatencyPolicy()
    flips: FlipsPolicy = FlipsPolicy()
    job: JobPolicy = JobPolicy()
    branch: BranchPolicy = BranchPolicy()
    incident: IncidentPolicy = IncidentPolicy()
    feed_stale: Duration = timedelta(minutes=15)
    uncounted: tuple[Text, ...] = UNCOUNTED  # words of pipelines whose results do not count

    def contradictions(self) -> Iterator[tuple[str, str, str]]:
        """(part, key, what is wrong) of each threshold that contradicts another one."""
        for part in Policy.model_fields:
            thresholds = getattr(self, part)
            if isinstance(thresholds, Thresholds):
                for key, wrong in thresholds.contradictions():
                    yield part, key, wrong


class Override(Section):
    """``[[judgement.override]]``: thresholds of their own for some CIs.

    It is for the CIs whose name fits ``cis``, whose main project fits ``projects`` and
    whose main pipeline fits ``pipelines``; keys that it does not name stay as they are.
    """

    cis: tuple[Text, ...] = ("*",)
    projects: tuple[Text, ...] = ("*",)
    pipelines: tuple[Text, ...] = ("*",)
    success: SuccessPolicy | None = None
    chart: ChartPolicy | None = None
    silence: SilencePolicy | None = None
    infra: InfraPolicy | None = None
    disagreement: DisagreementPolicy | None = None
    coverage: CoveragePolicy | None = None
    latency: LatencyPolicy | None = None
    flips: FlipsPolicy | None = None
    job: JobPolicy | None = None
    branch: BranchPolicy | None = None
    incident: IncidentPolicy | None = None

    def fits(self, name: str, project: str | None, pipeline: str | None) -> bool:
        """Whether it is for a CI of that name, main project and main pipeline."""
        return (
            fits_any(self.cis, name)
            and fits_any(self.projects, project or "")
            and fits_any(self.pipelines, pipeline or "")
        )

    def thresholds(self) -> Iterator[tuple[str, Thresholds]]:
        """Each part of the policy that it changes; only the keys that were set count."""
        for part in Policy.model_fields:
            own = getattr(self, part, None)
            if own is not None:
                yield part, own

    def over(self, policy: Policy) -> Policy:
        """The policy with the thresholds of this override."""
        changed = {
            part: getattr(policy, part).model_copy(
                update={key: getattr(own, key) for key in own.model_fields_set}
            )
            for part, own in self.thresholds()
        }
        return policy.model_copy(update=changed)


class Judgement(Policy):
    """``[judgement]``: the policy for all CIs, and overrides for some; a later one wins."""

    override: tuple[Override, ...] = ()

    @cached_property
    def default(self) -> Policy:
        """The policy of a CI that no override fits."""
        return Policy.model_construct(**{part: getattr(self, part) for part in Policy.model_fields})

    @property
    def by_pipeline(self) -> bool:
        """Whether a CI's main pipeline matters for its policy."""
        return any("*" not in override.pipelines for override in self.override)

    def policy_of(self, name: str, project: str | None, pipeline: str | None) -> Policy:
        """The policy of a CI with that main project and main pipeline."""
        policy = self.default
        for override in self.override:
            if override.fits(name, project, pipeline):
                policy = override.over(policy)
        return policy

    def sources(
        self, name: str, project: str | None, pipeline: str | None
    ) -> Iterator[tuple[str, str, int]]:
        """(part, key, number of the override, from 1) of each threshold that an override sets."""
        for number, override in enumerate(self.override, 1):
            if override.fits(name, project, pipeline):
                for part, own in override.thresholds():
                    yield from ((part, key, number) for key in sorted(own.model_fields_set))
