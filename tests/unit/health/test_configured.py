"""The configuration's thresholds and the policy's are the same ones."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from cibot.config.judgement import JudgementConfig, SuccessConfig
from cibot.errors import ConfigError
from cibot.health.configured import policies_from, policy_from
from cibot.health.policy import Policy


def test_without_a_word_the_policy_is_the_default() -> None:
    assert policy_from(JudgementConfig()) == Policy()


def test_every_threshold_can_be_configured() -> None:
    policy = Policy()
    names = set(JudgementConfig.model_fields) - {"override"}
    assert {field.name for field in fields(policy)} == names
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


def _override(**values: object) -> JudgementConfig:
    return JudgementConfig.model_validate({"override": [values]})


def test_an_override_is_for_whom_it_names() -> None:
    policies = policies_from(_override(cis=["Acme*"], success={"degraded": 0.6}))
    assert policies.of("acme iscsi", None, None).success.degraded == 0.6
    assert policies.of("acme iscsi", None, None).success.failing == 0.5
    assert policies.of("Bold", None, None) == policies.default
    assert not policies.by_pipeline


def test_an_override_may_be_for_a_project_and_a_pipeline() -> None:
    judgement = _override(projects=["openstack/*"], pipelines=["check"], job={"changes": 7})
    policies = policies_from(judgement)
    assert policies.by_pipeline
    assert policies.of("A", "openstack/cinder", "check").job.changes == 7
    assert policies.of("A", "openstack/cinder", "third-party-check").job.changes == 3
    assert policies.of("A", "demo", "check").job.changes == 3
    assert policies.of("A", None, None).job.changes == 3
    assert [*policies.sources("A", "openstack/cinder", "check")] == [("job", "changes", 1)]


def test_a_later_override_wins() -> None:
    judgement = JudgementConfig.model_validate(
        {"override": [{"infra": {"minimum": 5}}, {"cis": ["A"], "infra": {"minimum": 7}}]}
    )
    policies = policies_from(judgement)
    assert (
        policies.of("A", None, None).infra.minimum,
        policies.of("B", None, None).infra.minimum,
    ) == (7, 5)


def test_an_override_that_contradicts_the_rest_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match=r"judgement.override 1: .*failing = 0.9 must be below"):
        policies_from(_override(success={"failing": 0.9}))
