from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.health.policy import SuccessPolicy
from cibot.health.success import level, success
from cibot.model import Result, State
from tests.unit.health.facts import DAY, HOUR, NOW, result, results

POLICY = SuccessPolicy()


def test_no_results_are_unknown():
    found = success(POLICY, [], NOW)
    assert found.verdict is State.UNKNOWN
    assert (found.figure, found.low, found.high, found.n) == (None, None, None, 0)
    assert found.said == "no results in 28 d"


def test_one_failure_accuses_nobody():
    found = success(POLICY, results("F"), NOW)
    assert found.verdict is State.UNKNOWN
    assert found.said == "0 of 1 passed in 7 d where the reference passed; 20 are needed to judge"


@pytest.mark.parametrize(
    ("letters", "verdict", "clears"),
    [
        ("P" * 30, State.HEALTHY, True),
        ("P" * 26 + "F" * 4, State.HEALTHY, True),  # 0.867
        ("P" * 22 + "F" * 8, State.HEALTHY, False),  # 0.733, upper bound 0.858
        ("P" * 19 + "F" * 11, State.DEGRADED, False),  # 0.633, upper bound 0.781
        ("F" * 30, State.FAILING, False),
    ],
)
def test_the_upper_bound_decides(letters, verdict, clears):
    found = success(POLICY, results(letters), NOW)
    assert (found.verdict, found.clears) == (verdict, clears)
    assert found.low < found.figure < found.high or found.figure in (0, 1)


def test_failures_on_broken_changes_are_the_changes():
    broken = [result(i, NOW - i * HOUR, Result.FAIL, Result.FAIL) for i in range(50)]
    found = success(POLICY, broken + results("P" * 20), NOW)
    assert (found.verdict, found.n, found.figure) == (State.HEALTHY, 20, 1.0)


def test_without_a_reference_every_result_counts():
    found = success(POLICY, results("PF" * 15, reference=None), NOW)
    assert (found.verdict, found.n) == (State.DEGRADED, 30)
    assert found.said == "15 of 30 passed in 7 d"


def test_infrastructure_failures_are_another_signal():
    found = success(POLICY, results("P" * 20 + "I" * 30 + "S" * 9), NOW)
    assert (found.figure, found.n) == (1.0, 20)


def test_the_latest_attempt_counts_once_however_often_it_was_rechecked():
    attempts = [result(7, NOW - i * HOUR, Result.FAIL) for i in range(1, 51)]
    found = success(POLICY, [*attempts, result(7, NOW)], NOW)
    assert (found.n, found.figure) == (1, 1.0)


def test_a_sparse_ci_is_judged_by_its_newest_twenty():
    found = success(POLICY, results("P" * 10 + "F" * 20, every=DAY), NOW)
    assert (found.n, found.figure, found.verdict) == (20, 0.0, State.FAILING)
    assert found.said == "0 of 20 passed in 19 d where the reference passed"


def test_what_is_older_than_the_window_does_not_count_when_there_is_enough():
    old = results("F" * 40, until=NOW - 8 * DAY)
    assert success(POLICY, old + results("P" * 20), NOW).figure == 1.0


def test_evidence_is_the_newest_failures_first():
    found = success(POLICY, results("F" * 25 + "P" * 3), NOW)
    assert len(found.evidence) == 8
    assert found.evidence[0].number == 1024
    assert found.evidence[0].url == "https://logs.example/1024"
    assert found.evidence[0].at == NOW - 3 * HOUR
    assert found.since == NOW - 27 * HOUR


@settings(max_examples=40)
@given(st.text("PFIS", max_size=80), st.integers(0, 10**6))
def test_the_order_of_arrival_does_not_matter(letters, seed):
    judged = results(letters)
    mixed = judged.copy()
    random.Random(seed).shuffle(mixed)
    assert success(POLICY, mixed, NOW) == success(POLICY, judged, NOW)
    assert success(POLICY, judged + mixed, NOW) == success(POLICY, judged, NOW)


@given(st.integers(1, 200), st.data())
def test_one_more_pass_never_makes_it_worse(n, data):
    passes = data.draw(st.integers(0, n - 1))
    worse, better = level(POLICY, passes, n), level(POLICY, passes + 1, n)
    if n >= POLICY.minimum:
        assert better.rank >= worse.rank


def test_ten_thousand_results_in_an_hour_are_only_results():
    every = timedelta(milliseconds=360)
    found = success(POLICY, results("PPPPPPPPPF" * 1000, every=every), NOW)
    assert (found.n, found.verdict) == (10_000, State.HEALTHY)


def test_two_servers_with_the_same_number_are_two_changes():
    one = result(7, NOW)
    found = success(POLICY, [one, replace(one, change_id=8)], NOW)
    assert found.n == 2
