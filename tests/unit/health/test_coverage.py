from __future__ import annotations

from cibot.health.coverage import coverage
from cibot.health.policy import CoveragePolicy, SilencePolicy
from cibot.model import State
from tests.unit.health.facts import HOUR, NOW, patch_sets

POLICY, SILENCE = CoveragePolicy(), SilencePolicy()
LAST = NOW - 3 * HOUR


def judge(flags, every=4 * HOUR, fresh=True):
    return coverage(POLICY, SILENCE, patch_sets(flags, LAST, every), fresh, NOW)


def test_one_that_reports_on_half_of_what_it_used_to_is_degraded():
    found = judge([True] * 100 + [True, False] * 21)
    assert (found.verdict, found.n) == (State.DEGRADED, 42)
    assert found.said == (
        "reported in time on 21 of 42 chances in 7 d, 100 of 100 in the weeks before"
    )
    assert found.evidence[0].said == "no report by the deadline"
    assert found.since is not None
    assert judge([True] * 100 + [True, False, False] * 14).verdict is State.FAILING


def test_one_that_always_looked_at_a_third_is_well():
    found = judge([True, False, False] * 55)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)


def test_what_it_missed_while_it_was_silent_is_the_silences():
    found = judge([True] * 110 + [False] * 12 + [True] * 20)
    assert (found.verdict, found.figure) == (State.HEALTHY, 1.0)


def test_too_few_chances_no_past_or_a_stale_feed_accuse_nobody():
    assert judge([]).verdict is State.UNKNOWN
    assert judge([True] * 100 + [False, True] * 3, every=24 * HOUR).verdict is State.UNKNOWN
    assert judge([True, False] * 15).verdict is State.UNKNOWN
    stale = judge([True] * 100 + [True, False] * 21, fresh=False)
    assert (stale.verdict, "stale" in stale.said) == (State.UNKNOWN, True)


def test_it_is_well_again_after_a_surely_good_run():
    found = judge([True] * 120 + [True, False] * 7 + [True] * 25)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
