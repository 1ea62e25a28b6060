"""The policy that ``[judgement]`` of the configuration asks for."""

from __future__ import annotations

from cibot.configjudgement import JudgementConfig
from cibot.health.policy import (
    ChartPolicy,
    CoveragePolicy,
    FlipsPolicy,
    IncidentPolicy,
    JobPolicy,
    LatencyPolicy,
    Policy,
    SharePolicy,
    SilencePolicy,
    SuccessPolicy,
)


def policy_from(judgement: JudgementConfig) -> Policy:
    """Raises ConfigError, naming every contradiction, when the thresholds make no sense."""
    return Policy(
        success=SuccessPolicy(**judgement.success.model_dump()),
        chart=ChartPolicy(**judgement.chart.model_dump()),
        silence=SilencePolicy(**judgement.silence.model_dump()),
        infra=SharePolicy(**judgement.infra.model_dump()),
        disagreement=SharePolicy(**judgement.disagreement.model_dump()),
        coverage=CoveragePolicy(**judgement.coverage.model_dump()),
        latency=LatencyPolicy(**judgement.latency.model_dump()),
        flips=FlipsPolicy(**judgement.flips.model_dump()),
        job=JobPolicy(**judgement.job.model_dump()),
        incident=IncidentPolicy(**judgement.incident.model_dump()),
        feed_stale=judgement.feed_stale,
    )
