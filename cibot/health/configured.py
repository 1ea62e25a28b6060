"""The policy that ``[judgement]`` of the configuration asks for."""

from __future__ import annotations

from cibot.config import JudgementConfig
from cibot.health.policy import ChartPolicy, IncidentPolicy, Policy, SilencePolicy, SuccessPolicy


def policy_from(judgement: JudgementConfig) -> Policy:
    """Raises ConfigError, naming every contradiction, when the thresholds make no sense."""
    return Policy(
        success=SuccessPolicy(**judgement.success.model_dump()),
        chart=ChartPolicy(**judgement.chart.model_dump()),
        silence=SilencePolicy(**judgement.silence.model_dump()),
        incident=IncidentPolicy(**judgement.incident.model_dump()),
        feed_stale=judgement.feed_stale,
    )
