"""Coverage: how many of its chances a CI takes, beside what is usual for it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cibot.config.judgement import Policy
from cibot.health.facts import moment
from cibot.health.judge import Judge
from cibot.health.seen import Fault
from cibot.incidents.signal_words import said
from cibot.model import State
from tests.unit.health.facts import D, H, due
from tests.unit.health.watched import settled


def test_one_that_reports_on_half_of_what_it_used_to_is_degraded():
    ci, now = settled([True] * 100, 4 * H)
    now = ci.advance([True, False] * 21, now, 4 * H) + 3 * H
    signal = ci.coverage(now)
    assert (signal.verdict, signal.n) == (State.DEGRADED, 42)
    assert (
        said(signal.seen) == "reported on 22 of 42 chances in 7 days, 99 of 99 in the weeks before"
    )
    assert signal.evidence[0].fault == Fault.MISSED
    assert signal.since is not None
    other, now = settled([True] * 100, 4 * H)
    now = other.advance([True, False, False] * 14, now, 4 * H) + 3 * H
    assert other.coverage(now).verdict is State.DEGRADED
    other, now = settled([True] * 160, 4 * H)
    now = other.advance([True, False, False] * 14, now, 4 * H) + 3 * H
    assert other.coverage(now).verdict is State.FAILING


def test_what_is_usual_is_held_while_it_reports_on_less_and_becomes_it_after_four_weeks():
    ci, now = settled([True] * 120, 4 * H)
    began = now
    while now < began + 27 * D:
        now = ci.advance([True, False], now, 4 * H)
        if now > began + 8 * D:  # the weeks before hold more and more of it
            assert ci.coverage(now).verdict.bad
    now = ci.advance([True, False] * 30, now, 4 * H)
    signal = ci.coverage(now)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)
    assert abs(signal.adopted - moment(began + 28 * D)) < timedelta(days=5)
    now = ci.advance([True, False] * 90, now, 4 * H)
    assert ci.coverage(now).verdict is State.HEALTHY  # and it is not told of again
    again = Judge(Policy())
    again.read(json.loads(json.dumps(ci.judge.row())))
    assert again.coverage.signal(now) == ci.judge.coverage.signal(now)


def test_a_second_drop_of_coverage_is_seen_by_what_was_usual_before_the_first():
    ci, now = settled([True] * 120, 4 * H)
    now = ci.advance([True, False] * 40, now, 4 * H)
    now = ci.advance([True] * 60, now, 4 * H)
    assert ci.coverage(now).clears
    now = ci.advance([True, True, False] * 14, now, 4 * H)
    assert ci.coverage(now).verdict.bad


def test_one_that_always_looked_at_a_third_is_well():
    ci, now = settled([True, False, False] * 55, 4 * H)
    signal = ci.coverage(now + 3 * H)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)


def test_what_it_missed_while_it_was_silent_is_the_silences():
    ci, now = settled([True] * 110 + [False] * 12 + [True] * 20, 4 * H)
    signal = ci.coverage(now)
    assert (signal.verdict, signal.figure) == (State.HEALTHY, 1.0)


def test_too_few_chances_or_no_past_accuse_nobody():
    ci, now = settled([], 4 * H)
    assert ci.coverage(now).verdict is State.UNKNOWN
    assert said(ci.coverage(now).seen) == "no chance to report in 7 days"
    ci, now = settled([True, False] * 15, 4 * H)
    signal = ci.coverage(now)
    assert signal.verdict is State.UNKNOWN
    assert said(signal.seen).endswith("10 of each are needed to judge")


def test_coverage_is_well_again_after_a_surely_good_run():
    ci, now = settled([True] * 120 + [True, False] * 14 + [True] * 25, 4 * H)
    signal = ci.coverage(now)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)


def test_what_was_bad_before_it_was_well_again_does_not_accuse_a_second_time():
    ci, now = settled([True] * 160 + [True, False] * 14, 4 * H)
    assert ci.coverage(now).verdict.bad
    now = ci.advance([True] * 24, now, 2 * H) + 3 * H
    assert ci.coverage(now).verdict is State.HEALTHY
    now = ci.advance([False, True], now, 2 * H)
    signal = ci.coverage(now)
    assert signal.verdict is State.HEALTHY
    assert "since it recovered" in said(signal.seen)
    now = ci.advance([False, True] * 20, now, 2 * H)
    assert ci.coverage(now).verdict.bad


def test_the_words_and_the_figure_are_of_what_the_verdict_rests_on():
    ci, now = settled([True] * 120 + [True, False, False] * 9 + [True] * 14, 4 * H)
    signal = ci.coverage(now)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)
    assert (signal.figure, signal.evidence) == (1.0, ())
    assert said(signal.seen).startswith(
        f"reported on {signal.n} of {signal.n} chances since it recovered"
    )


def test_the_words_say_until_when_chances_count_where_the_ci_is_not_heard():
    ci, now = settled([True, False] * 60, 4 * H)
    heard = now - 2 * 4 * H + H
    signal = ci.coverage(now + 10 * D)
    assert signal.n == 42
    assert signal.seen.period.until == moment(heard)
    assert "chances in the 7 days until " in said(signal.seen)
    assert ci.coverage(heard + D / 2).seen.period.until is None


@pytest.mark.parametrize(("changes", "verdict"), [(1, State.HEALTHY), (3, State.DEGRADED)])
def test_low_coverage_takes_missed_patch_sets_of_three_changes(changes, verdict):
    """One with many patch sets may be one that the CI does not test."""
    ci, now = settled([True] * 100, 4 * H)
    for patch_set in range(1, 22):
        missed = due(800 + patch_set % changes, now)
        ci.take([missed._replace(proof=missed.proof._replace(patch_set=patch_set))])
        now = ci.advance([True], now + 4 * H, 4 * H)
    assert ci.coverage(now).verdict is verdict
    assert said(ci.coverage(now).seen).startswith("reported on 21 of 42 chances")
