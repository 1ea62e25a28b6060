"""The models of ``[judgement]``; `cibot.health.policy` explains the keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from cibot.config.values import Count, Duration, Section, Share, Text

# Pipelines that say nothing of how a CI serves reviewers, by a word of their name.
UNCOUNTED = ("gate", "experimental", "periodic", "post", "promote", "release", "tag", "nightly")


class SuccessConfig(Section):
    """``[judgement.success]``: PASS of PASS and FAIL where the reference passed."""

    window: Duration = timedelta(days=7)
    reach: Duration = timedelta(days=28)
    minimum: Count = 20
    degraded: Share = 0.80
    failing: Share = 0.50
    clears: Share = 0.85


class ChartConfig(Section):
    """``[judgement.chart]``: how readily a drop from a CI's own past is told."""

    false_alerts: Share = 0.05
    minimum: Count = 100
    adopt: Duration = timedelta(days=28)


class SilenceConfig(Section):
    """``[judgement.silence]``: patch sets in a row without the report that was due."""

    window: Duration = timedelta(days=28)
    minimum: Count = 10
    doubt: Share = 1e-4
    assumed: Share = 0.20
    burst: Duration = timedelta(minutes=10)
    clears: Count = 2
    rhythm_factor: Annotated[float, Field(gt=1, le=100)] = 3.0
    rhythm_least: Duration = timedelta(days=1)
    rhythm_minimum: Count = 20
    rhythm_span: Duration = timedelta(days=14)


class InfraConfig(Section):
    """``[judgement.infra]``: runs that broke by themselves."""

    window: Duration = timedelta(days=3)
    minimum: Count = 10
    degraded: Share = 0.10
    failing: Share = 0.30
    clears: Share = 0.05


class DisagreementConfig(Section):
    """``[judgement.disagreement]``: patch sets failed that the reference passed."""

    window: Duration = timedelta(days=7)
    minimum: Count = 20
    degraded: Share = 0.15
    failing: Share = 0.40
    clears: Share = 0.10


class CoverageConfig(Section):
    """``[judgement.coverage]``: reports by their deadline, beside what the CI usually does."""

    window: Duration = timedelta(days=7)
    minimum: Count = 10
    degraded: Share = 0.90
    failing: Share = 0.60
    clears: Share = 0.93


class LatencyConfig(Section):
    """``[judgement.latency]``: upload to verdict, as times the CI's own p95."""

    window: Duration = timedelta(days=7)
    minimum: Count = 20
    degraded: Annotated[float, Field(gt=1, le=1000)] = 2.0
    failing: Annotated[float, Field(gt=1, le=1000)] = 4.0
    clears: Annotated[float, Field(gt=1, le=1000)] = 1.5
    slow_days: Count = 3


class FlipsConfig(Section):
    """``[judgement.flips]``: failures that passed on a recheck; shown only."""

    window: Duration = timedelta(days=14)
    minimum: Count = 20


class JobConfig(Section):
    """``[judgement.job]``: one job that fails change after change."""

    window: Duration = timedelta(days=14)
    minimum: Count = 20
    changes: Count = 3
    false_alerts: Share = 0.05
    clears: Count = 2


class IncidentConfig(Section):
    """``[judgement.incident]``: how incidents open and close."""

    reopen: Duration = timedelta(days=1)
    hold: Duration = timedelta(hours=1)


class OverrideConfig(Section):
    """``[[judgement.override]]``: thresholds of their own for some CIs.

    It is for the CIs whose name fits ``cis``, whose main project fits ``projects`` and
    whose main pipeline fits ``pipelines``; keys that it does not name stay as they are.
    """

    cis: tuple[Text, ...] = ("*",)
    projects: tuple[Text, ...] = ("*",)
    pipelines: tuple[Text, ...] = ("*",)
    success: SuccessConfig | None = None
    chart: ChartConfig | None = None
    silence: SilenceConfig | None = None
    infra: InfraConfig | None = None
    disagreement: DisagreementConfig | None = None
    coverage: CoverageConfig | None = None
    latency: LatencyConfig | None = None
    flips: FlipsConfig | None = None
    job: JobConfig | None = None
    incident: IncidentConfig | None = None


class JudgementConfig(Section):
    """``[judgement]``: when a CI counts as degraded, failing or silent.

    The keys are those of `cibot.health.policy`, which says what they mean.
    """

    success: SuccessConfig = SuccessConfig()
    chart: ChartConfig = ChartConfig()
    silence: SilenceConfig = SilenceConfig()
    infra: InfraConfig = InfraConfig()
    disagreement: DisagreementConfig = DisagreementConfig()
    coverage: CoverageConfig = CoverageConfig()
    latency: LatencyConfig = LatencyConfig()
    flips: FlipsConfig = FlipsConfig()
    job: JobConfig = JobConfig()
    incident: IncidentConfig = IncidentConfig()
    feed_stale: Duration = timedelta(minutes=15)
    uncounted: tuple[Text, ...] = UNCOUNTED
    override: tuple[OverrideConfig, ...] = ()
