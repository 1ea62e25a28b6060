"""The policy is the configuration: overrides, and thresholds that contradict each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cibot.config.judgement import Judgement, Policy

DAY = timedelta(days=1)


def judgement(**tables: object) -> Judgement:
    return Judgement.model_validate(tables)


def override(**values: object) -> Judgement:
    return judgement(override=[values])


def test_what_is_configured_is_the_policy() -> None:
    policy = judgement(success={"window": "3d", "failing": 0.4}, feed_stale="5m").default
    assert (policy.success.window, policy.success.failing) == (3 * DAY, 0.4)
    assert policy.success.degraded == Policy().success.degraded
    assert policy.feed_stale == timedelta(minutes=5)


def test_the_default_does_not_know_the_overrides() -> None:
    """The fingerprint of a checkpoint is made of the policy: an override of others is no change."""
    assert repr(override(cis=["A"], success={"degraded": 0.6}).default) == repr(Policy())


def test_an_override_is_for_whom_it_names() -> None:
    own = override(cis=["Acme*"], success={"degraded": 0.6})
    assert own.policy_of("acme iscsi", None, None).success.degraded == 0.6
    assert own.policy_of("acme iscsi", None, None).success.failing == 0.5
    assert own.policy_of("Bold", None, None) == own.default == Policy()
    assert not own.by_pipeline


def test_an_override_may_be_for_a_project_and_a_pipeline() -> None:
    own = override(projects=["openstack/*"], pipelines=["check"], job={"changes": 7})
    assert own.by_pipeline
    assert own.policy_of("A", "openstack/cinder", "check").job.changes == 7
    assert own.policy_of("A", "openstack/cinder", "third-party-check").job.changes == 3
    assert own.policy_of("A", "demo", "check").job.changes == 3
    assert own.policy_of("A", None, None).job.changes == 3
    assert [*own.sources("A", "openstack/cinder", "check")] == [("job", "changes", 1)]


def test_a_later_override_wins() -> None:
    own = judgement(override=[{"infra": {"minimum": 5}}, {"cis": ["A"], "infra": {"minimum": 7}}])
    assert own.policy_of("A", None, None).infra.minimum == 7
    assert own.policy_of("B", None, None).infra.minimum == 5


def test_an_override_over_an_override_keeps_what_it_does_not_name() -> None:
    own = judgement(
        infra={"failing": 0.5},
        override=[{"infra": {"minimum": 5}}, {"infra": {"degraded": 0.2}}],
    )
    infra = own.policy_of("A", None, None).infra
    assert (infra.failing, infra.minimum, infra.degraded) == (0.5, 5, 0.2)


@pytest.mark.parametrize(
    ("tables", "place", "wrong"),
    [
        ({"success": {"degraded": 0.4}}, ("success", "failing"), "must be below `degraded`"),
        ({"success": {"clears": 0.7}}, ("success", "degraded"), "must be below `clears`"),
        ({"success": {"reach": "1d"}}, ("success", "reach"), "must not be below `window`"),
        ({"infra": {"degraded": 0.4}}, ("infra", "degraded"), "must be below `failing`"),
        (
            {"disagreement": {"clears": 0.2}},
            ("disagreement", "clears"),
            "must be below `degraded`",
        ),
        ({"coverage": {"failing": 0.95}}, ("coverage", "failing"), "must be below `degraded`"),
        ({"latency": {"clears": 2.5}}, ("latency", "clears"), "must be below `degraded`"),
        (
            {"silence": {"rhythm_span": "30d"}},
            ("silence", "rhythm_span"),
            "must not be above `window`",
        ),
    ],
)
def test_thresholds_that_contradict_each_other_are_named(
    tables: dict[str, Any], place: tuple[str, str], wrong: str
) -> None:
    assert [*judgement(**tables).contradictions()] == [(*place, wrong)]


def test_the_defaults_contradict_nothing() -> None:
    assert [*Policy().contradictions()] == []
