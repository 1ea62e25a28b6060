"""The level: what share of its results a CI passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.config.policy import SuccessPolicy
from cibot.health.facts import moment
from cibot.health.inputs import FAIR
from cibot.health.level import Level, level
from cibot.health.seen import Fault
from cibot.incidents.signal_words import said
from cibot.model import State
from tests.unit.health.facts import D, H, T, changes, counted, tracked

POLICY = SuccessPolicy()


def judged(letters, now=T, **fields):
    one = Level(POLICY)
    for each in counted(letters, FAIR, **fields):
        one.take(each)
    return one.signal(now)


def test_no_results_are_unknown():
    found = judged("")
    assert found.verdict is State.UNKNOWN
    assert (found.figure, found.low, found.high, found.n) == (None, None, None, 0)
    assert said(found.seen) == "no results in 28 days"


def test_one_failure_accuses_nobody():
    found = judged("F")
    assert (found.verdict, found.figure, found.n) == (State.UNKNOWN, 0.0, 1)
    assert said(found.seen) == "0 of 1 passed in 7 days; 20 are needed to judge"


@pytest.mark.parametrize(
    ("letters", "verdict", "clears"),
    [
        ("P" * 30, State.HEALTHY, True),
        ("P" * 26 + "F" * 4, State.HEALTHY, True),  # 0.867
        ("P" * 22 + "F" * 8, State.HEALTHY, False),  # 0.733, upper bound 0.88
        ("P" * 17 + "F" * 13, State.DEGRADED, False),  # 0.567, upper bound 0.766
        ("F" * 30, State.FAILING, False),
    ],
)
def test_the_upper_bound_decides(letters, verdict, clears):
    found = judged(letters)
    assert (found.verdict, found.clears) == (verdict, clears)
    assert found.low < found.figure < found.high or found.figure in (0, 1)


def test_a_result_can_be_taken_back():
    one = Level(POLICY)
    for each in counted("F" * 30 + "P" * 20, FAIR):
        one.take(each)
    for each in counted("F" * 30, FAIR, until=T - 20 * H):
        one.take(each._replace(sign=-1))
    found = one.signal(T)
    assert (found.n, found.figure, found.evidence) == (20, 1.0, ())


def test_a_sparse_ci_is_judged_by_its_newest_twenty():
    found = judged("P" * 10 + "F" * 20, every=D)
    assert (found.n, found.figure, found.verdict) == (20, 0.0, State.FAILING)
    assert said(found.seen) == "0 of 20 passed in 19 days"


def test_what_is_older_than_the_window_does_not_count_when_there_is_enough():
    one = Level(POLICY)
    for each in counted("F" * 40, FAIR, until=T - 8 * D) + counted("P" * 20, FAIR):
        one.take(each)
    assert one.signal(T).figure == 1.0


def test_evidence_is_the_newest_failures_first():
    found = judged("F" * 25 + "P" * 3)
    assert len(found.evidence) == 8
    assert (found.evidence[0].number, found.evidence[0].at) == (25, moment(T - 3 * H))
    assert found.since == moment(T - 27 * H)


def test_it_began_where_the_good_share_stops_to_fit():
    found = judged("P" * 100 + "F" * 60)
    assert found.verdict is State.DEGRADED
    assert found.since == moment(T - 59 * H)


def test_a_surely_good_run_at_the_end_is_the_present():
    found = judged("F" * 60 + "P" * 25)
    assert (found.verdict, found.clears, found.n) == (State.HEALTHY, True, 25)
    back = moment(T - 24 * H)
    assert said(found.seen) == f"25 of 25 passed since it recovered {back:%Y-%m-%d %H:%M} UTC"
    assert (found.figure, found.evidence) == (1.0, ())
    assert judged("F" * 60 + "P" * 3).verdict is State.FAILING


def test_where_the_chart_knows_the_ci_it_says_since_when_it_is_back():
    tracker = tracked(changes("P" * 400 + "F" * 100 + "P" * 5))
    found = tracker.judge.level.signal(T)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)  # as the chart has it
    assert (found.n, found.figure) == (5, 1.0)
    assert said(found.seen).startswith("5 of 5 passed since it recovered 2")
    assert said(found.seen).endswith(" UTC where the reference passed; 20 are needed to judge")


def test_what_is_bad_again_since_a_recovery_is_told_by_what_came_since():
    one = Level(POLICY)
    for each in counted("F" * 60 + "P" * 20 + "F" * 40, FAIR):
        one.take(each)
    back = T - 59 * H
    one.settled = lambda: (True, back, 0.95)
    found = one.signal(T)
    assert (found.verdict, found.n) == (State.FAILING, 60)
    assert said(found.seen).startswith("20 of 60 passed since it recovered")
    assert found.since == moment(T - 39 * H)
    assert {one.at >= moment(back) for one in found.evidence} == {True}


def test_a_recovery_before_all_that_counts_says_nothing_of_it():
    one = Level(POLICY)
    for each in counted("P" * 20 + "PF" * 60, FAIR):
        one.take(each)
    one.settled = lambda: (True, T - 60 * 24 * H, 0.95)
    found = one.signal(T)
    assert found.verdict.bad
    assert "since it recovered" not in said(found.seen)


def test_back_at_a_level_it_is_not_well_before_enough_is_known():
    tracker = tracked(changes("PPF" * 160 + "F" * 40 + "PPPPFPP"))
    found = tracker.judge.level.signal(T)
    assert said(found.seen).startswith("6 of 7 passed since it recovered")
    assert (found.verdict, found.clears) == (State.UNKNOWN, False)


def test_well_again_after_a_drop_that_became_its_usual_it_stays_well():
    """The chart watches for no way up then; the bad time in the window does not speak again."""
    tracker = tracked(changes("P" * 400 + "PF" * 400 + "P" * 60))
    assert tracker.judge.success.chart.adopted_at is not None
    found = tracker.judge.level.signal(T)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
    assert "since it recovered" in said(found.seen)
    after = tracked(changes("P" * 400 + "PF" * 400 + "P" * 60 + "PPPF" * 5)).judge.level.signal(T)
    assert after.verdict is State.HEALTHY


def test_ten_thousand_results_in_an_hour_are_only_results():
    found = judged("PPPPPPPPPF" * 1000, every=0.36)
    assert (found.n, found.verdict) == (10_000, State.HEALTHY)


@given(st.integers(1, 200), st.data())
def test_one_more_pass_never_makes_it_worse(n, data):
    passes = data.draw(st.integers(0, n - 1))
    worse, better = level(POLICY, passes, n), level(POLICY, passes + 1, n)
    if n >= POLICY.minimum:
        assert better.rank >= worse.rank


def test_it_says_that_the_reference_passed_only_where_one_did():
    tracker = tracked([*changes("P" * 30, until=T - 60 * D), *changes("PF" * 30, reference=None)])
    found = tracker.judge.level.signal(T)
    assert said(found.seen) == "30 of 60 passed in 7 days"
    assert {one.fault for one in found.evidence} == {Fault.FAILED}
    assert {one.fault for one in tracker.judge.success.signal(T).evidence} == {Fault.FAILED}
    found = tracked(changes("PF" * 30)).judge.level.signal(T)
    assert said(found.seen) == "30 of 60 passed in 7 days where the reference passed"
    assert {one.fault for one in found.evidence} == {Fault.FAILED_ALONE}
