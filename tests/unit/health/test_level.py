"""The level: what share of its results a CI passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.config.judgement import Policy
from cibot.config.policy import SuccessPolicy
from cibot.health.chart import Chart
from cibot.health.facts import Upload, moment
from cibot.health.inputs import FAIR
from cibot.health.level import Level, level
from cibot.health.seen import Fault
from cibot.incidents.signal_words import said
from cibot.model import State
from tests.unit.health.facts import D, H, T, change, changes, counted, tracked

POLICY = SuccessPolicy()


def judged(letters, now=T, **fields):
    kind = Level(POLICY)
    for each in counted(letters, FAIR, **fields):
        kind.take(each)
    return kind.signal(now)


def test_no_results_are_unknown():
    signal = judged("")
    assert signal.verdict is State.UNKNOWN
    assert (signal.figure, signal.low, signal.high, signal.n) == (None, None, None, 0)
    assert said(signal.seen) == "no results in 28 days"


def test_one_failure_accuses_nobody():
    signal = judged("F")
    assert (signal.verdict, signal.figure, signal.n) == (State.UNKNOWN, 0.0, 1)
    assert said(signal.seen) == "0 of 1 passed in 7 days; 20 are needed to judge"


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
    signal = judged(letters)
    assert (signal.verdict, signal.clears) == (verdict, clears)
    assert signal.low < signal.figure < signal.high or signal.figure in (0, 1)


def test_a_result_can_be_taken_back():
    kind = Level(POLICY)
    for each in counted("F" * 30 + "P" * 20, FAIR):
        kind.take(each)
    for each in counted("F" * 30, FAIR, until=T - 20 * H):
        kind.take(each._replace(sign=-1))
    signal = kind.signal(T)
    assert (signal.n, signal.figure, signal.evidence) == (20, 1.0, ())


def pushed(letters, owner, base):
    """A result every ten minutes, all of one author's stack."""
    return [
        each._replace(upload=Upload(each.at, owner, base or each.proof.change_id))
        for each in counted(letters, FAIR, every=H / 6, first=9000)
    ]


@pytest.mark.parametrize(("base", "verdict"), [(9000, State.HEALTHY), (None, State.DEGRADED)])
def test_one_change_that_breaks_all_on_top_of_it_reaches_no_level(base, verdict):
    kind = Level(POLICY)
    for each in [*counted("P" * 5, FAIR, until=T - D), *pushed("F" * 15, 500, base)]:
        kind.take(each)
    signal = kind.signal(T)
    assert signal.verdict is verdict
    assert said(signal.seen) == "5 of 20 passed in 7 days"  # people count all that failed
    for each in pushed("F" * 15, 500, base):
        kind.take(each._replace(sign=-1))
    for each in counted("F" * 15, FAIR, first=500):
        kind.take(each)
    assert kind.signal(T).verdict is State.DEGRADED


def test_a_stack_that_the_reference_passed_is_as_good_as_any():
    kind = Level(POLICY)
    for each in [*counted("P" * 5, FAIR, until=T - D), *pushed("F" * 15, 500, 9000)]:
        kind.take(each)
        kind.pair(each)
    assert kind.signal(T).verdict is State.DEGRADED


def test_a_sparse_ci_is_judged_by_its_newest_twenty():
    signal = judged("P" * 10 + "F" * 20, every=D)
    assert (signal.n, signal.figure, signal.verdict) == (20, 0.0, State.FAILING)
    assert said(signal.seen) == "0 of 20 passed in 19 days"


def test_what_is_older_than_the_window_does_not_count_when_there_is_enough():
    kind = Level(POLICY)
    for each in counted("F" * 40, FAIR, until=T - 8 * D) + counted("P" * 20, FAIR):
        kind.take(each)
    assert kind.signal(T).figure == 1.0


def test_evidence_is_the_newest_failures_first():
    signal = judged("F" * 25 + "P" * 3)
    assert len(signal.evidence) == 8
    assert (signal.evidence[0].number, signal.evidence[0].at) == (25, moment(T - 3 * H))
    assert signal.since == moment(T - 27 * H)


def test_it_began_where_the_good_share_stops_to_fit():
    signal = judged("P" * 100 + "F" * 60)
    assert signal.verdict is State.DEGRADED
    assert signal.since == moment(T - 59 * H)


def test_a_surely_good_run_at_the_end_is_the_present():
    signal = judged("F" * 60 + "P" * 25)
    assert (signal.verdict, signal.clears, signal.n) == (State.HEALTHY, True, 25)
    back = moment(T - 24 * H)
    assert said(signal.seen) == f"25 of 25 passed since it recovered {back:%Y-%m-%d %H:%M} UTC"
    assert (signal.figure, signal.evidence) == (1.0, ())
    assert judged("F" * 60 + "P" * 3).verdict is State.FAILING


def test_where_the_chart_knows_the_ci_it_says_since_when_it_is_back():
    tracker = tracked(changes("P" * 400 + "F" * 100 + "P" * 5))
    signal = tracker.judge.level.signal(T)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)  # as the chart has it
    assert (signal.n, signal.figure) == (5, 1.0)
    assert said(signal.seen).startswith("5 of 5 passed since it recovered 2")
    assert said(signal.seen).endswith(" UTC where the reference passed; 20 are needed to judge")


def charted(settled: float) -> Chart:
    """A chart that knows a CI which passes 95 %, and is back since then."""
    chart = Chart(Policy().chart)
    chart.baseline.become(400, 380)
    chart.baseline.learnt = chart.policy.minimum
    chart.settled = settled
    return chart


def test_what_is_bad_again_since_a_recovery_is_told_by_what_came_since():
    kind = Level(POLICY)
    for each in counted("F" * 60 + "P" * 20 + "F" * 40, FAIR):
        kind.take(each)
    back = T - 59 * H
    kind.chart = charted(back)
    signal = kind.signal(T)
    assert (signal.verdict, signal.n) == (State.FAILING, 60)
    assert said(signal.seen).startswith("20 of 60 passed since it recovered")
    assert signal.since == moment(T - 39 * H)
    assert {run.at >= moment(back) for run in signal.evidence} == {True}


def test_a_recovery_before_all_that_counts_says_nothing_of_it():
    kind = Level(POLICY)
    for each in counted("P" * 20 + "PF" * 60, FAIR):
        kind.take(each)
    kind.chart = charted(T - 60 * 24 * H)
    signal = kind.signal(T)
    assert signal.verdict.bad
    assert "since it recovered" not in said(signal.seen)


def test_back_at_a_level_it_is_not_well_before_enough_is_known():
    tracker = tracked(changes("PPF" * 160 + "F" * 40 + "PPPPFPP"))
    signal = tracker.judge.level.signal(T)
    assert said(signal.seen).startswith("6 of 7 passed since it recovered")
    assert (signal.verdict, signal.clears) == (State.UNKNOWN, False)


def test_well_again_after_a_drop_that_became_its_usual_it_stays_well():
    """The chart watches for no way up then; the bad time in the window does not speak again."""
    tracker = tracked(changes("P" * 400 + "PF" * 400 + "P" * 60))
    assert tracker.judge.success.chart.adopted_at is not None
    signal = tracker.judge.level.signal(T)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)
    assert "since it recovered" in said(signal.seen)
    after = tracked(changes("P" * 400 + "PF" * 400 + "P" * 60 + "PPPF" * 5)).judge.level.signal(T)
    assert after.verdict is State.HEALTHY


def test_ten_thousand_results_in_an_hour_are_only_results():
    signal = judged("PPPPPPPPPF" * 1000, every=0.36)
    assert (signal.n, signal.verdict) == (10_000, State.HEALTHY)


@given(st.integers(1, 200), st.data())
def test_one_more_pass_never_makes_it_worse(n, data):
    passes = data.draw(st.integers(0, n - 1))
    worse, better = level(POLICY, passes, n), level(POLICY, passes + 1, n)
    if n >= POLICY.minimum:
        assert better.rank >= worse.rank


def test_it_says_that_the_reference_passed_only_where_one_did():
    tracker = tracked([*changes("P" * 30, until=T - 60 * D), *changes("PF" * 30, reference=None)])
    signal = tracker.judge.level.signal(T)
    assert said(signal.seen) == "30 of 60 passed in 7 days"
    assert {run.fault for run in signal.evidence} == {Fault.FAILED}
    assert {run.fault for run in tracker.judge.success.signal(T).evidence} == {Fault.FAILED}
    signal = tracked(changes("PF" * 30)).judge.level.signal(T)
    assert said(signal.seen) == "30 of 60 passed in 7 days where the reference passed"
    assert {run.fault for run in signal.evidence} == {Fault.FAILED_ALONE}


@pytest.mark.parametrize(
    ("letters", "every", "verdict"),
    [("P" * 20, 2 * H, State.HEALTHY), ("PP", 60.0, State.UNKNOWN)],
)
def test_a_change_that_fails_again_is_one_failure(letters, every, verdict):
    """Where nothing else passes, too: whether the CI is at fault, other changes have to show."""
    own = [(n, n, "F") for n in range(1, 41)]
    broken = change(own, (), range(40), 7, T - 42 * H, referenced=lambda _at: False)
    others = changes(letters, every=every, until=T - H, reference=None)
    level = tracked([broken, *others]).judge.level.signal(T)
    assert (level.verdict, level.n) == (verdict, len(letters) + 1)
