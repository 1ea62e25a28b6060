"""The configuration's thresholds and the policy's are the same ones."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

from cibot.configjudgement import JudgementConfig, SuccessConfig
from cibot.health.configured import policy_from
from cibot.health.policy import Policy


def test_without_a_word_the_policy_is_the_default() -> None:
    assert policy_from(JudgementConfig()) == Policy()


def test_every_threshold_can_be_configured() -> None:
    policy = Policy()
    assert {field.name for field in fields(policy)} == set(JudgementConfig.model_fields) - {
        "override"
    }
    for part, section in JudgementConfig():
        if part not in ("feed_stale", "uncounted", "override"):
            names = {field.name for field in fields(getattr(policy, part))}
            assert names == set(type(section).model_fields), part


def test_what_is_configured_is_in_the_policy() -> None:
    judgement = JudgementConfig(
        success=SuccessConfig(window=timedelta(days=3), failing=0.4),
        feed_stale=timedelta(minutes=5),
    )
    policy = policy_from(judgement)
    assert (policy.success.window, policy.success.failing) == (timedelta(days=3), 0.4)
    assert policy.feed_stale == timedelta(minutes=5)
