from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.errors import ConfigError
from cibot.health import disagreement
from cibot.health.disagreement import false_failures, false_passes
from cibot.health.infra import DEFAULT, infra
from cibot.health.share import SharePolicy, verdict_of
from cibot.model import Result, State
from tests.unit.health.facts import DAY, NOW, results


def test_broken_runs_are_counted_apart_from_failed_ones():
    found = infra(DEFAULT, results("P" * 20 + "F" * 10 + "I" * 30 + "S" * 9), NOW)
    assert (found.verdict, found.n, found.figure) == (State.FAILING, 60, 0.5)
    assert found.said == "30 of 60 broke by themselves in 3 d"
    assert len(found.evidence) == 8
    assert not found.clears


def test_a_few_broken_runs_accuse_nobody():
    assert infra(DEFAULT, [], NOW).said == "nothing to judge by; 10 are needed to judge"
    assert infra(DEFAULT, results("IIII"), NOW).verdict is State.UNKNOWN
    found = infra(DEFAULT, results("P" * 40 + "II"), NOW)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
    assert infra(DEFAULT, results("I" * 40, until=NOW - 4 * DAY), NOW).n == 0


def test_disagreement_is_told_both_ways():
    policy = disagreement.DEFAULT
    fails = false_failures(policy, results("F" * 12 + "P" * 18), NOW)
    assert (fails.name, fails.verdict, fails.figure) == ("disagreement", State.DEGRADED, 0.4)
    assert false_failures(policy, results("F" * 30, reference=Result.FAIL), NOW).n == 0
    passes = false_passes(policy, results("P" * 30, reference=Result.FAIL), NOW)
    assert (passes.name, passes.verdict, passes.n) == ("passes_everything", State.FAILING, 30)
    assert false_passes(policy, results("P" * 30, reference=None), NOW).verdict is State.UNKNOWN


@given(st.integers(10, 300), st.data())
def test_one_more_bad_one_never_makes_it_better(n, data):
    k = data.draw(st.integers(0, n - 1))
    assert verdict_of(DEFAULT, k + 1, n).rank <= verdict_of(DEFAULT, k, n).rank


@pytest.mark.parametrize("limits", [(0.2, 0.1, 0.05), (0.1, 0.3, 0.1), (0.1, 1.0, 0.05)])
def test_limits_that_do_not_rise_are_refused(limits):
    with pytest.raises(ConfigError, match="must rise"):
        SharePolicy(DAY, 10, *limits)


def test_a_policy_needs_time_and_results():
    with pytest.raises(ConfigError, match="at least 1"):
        SharePolicy(DAY, 0, 0.1, 0.3, 0.05)
