from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cibot.health.disagreement import false_failures, false_passes
from cibot.health.infra import infra
from cibot.health.policy import Policy
from cibot.health.share import verdict_of
from cibot.model import Result, State
from tests.unit.health.facts import DAY, HOUR, NOW, result, results

DEFAULT = Policy().infra


def test_broken_runs_are_counted_apart_from_failed_ones():
    found = infra(DEFAULT, results("P" * 20 + "F" * 10 + "I" * 30 + "S" * 9), NOW)
    assert (found.verdict, found.n, found.figure) == (State.FAILING, 60, 0.5)
    assert found.said == "30 of 60 broke by themselves in 3 d"
    assert len(found.evidence) == 8
    assert not found.clears


def test_the_trouble_began_where_the_good_share_stops_to_fit():
    found = false_failures(Policy().disagreement, results("PPPPPPPPFP" * 6 + "F" * 30), NOW)
    assert (found.verdict, found.since) == (
        State.DEGRADED,
        NOW - 31 * HOUR,
    )  # with the failure just before


def test_a_change_that_does_not_merge_is_no_broken_run():
    conflicts = [result(n, NOW - n * HOUR, Result.INFRA, None, unmerged=True) for n in range(1, 13)]
    found = infra(DEFAULT, conflicts + results("P" * 20), NOW)
    assert (found.n, found.figure) == (20, 0.0)
    alone = [
        result(n, NOW - n * HOUR, Result.INFRA, Result.PASS, unmerged=True) for n in range(1, 13)
    ]
    assert infra(DEFAULT, alone + results("PF" * 10), NOW).n == 32


def test_a_change_that_breaks_every_run_is_one_breakage():
    again = [
        result(7, NOW - n * HOUR, Result.INFRA, change_id=7, patch_set=n) for n in range(1, 13)
    ]
    assert len(infra(DEFAULT, again + results("P" * 20, NOW - 13 * HOUR), NOW).evidence) == 1


def test_a_few_broken_runs_accuse_nobody():
    assert infra(DEFAULT, [], NOW).said == "nothing to judge by; 10 are needed to judge"
    assert infra(DEFAULT, results("IIII"), NOW).verdict is State.UNKNOWN
    found = infra(DEFAULT, results("P" * 40 + "II"), NOW)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
    assert infra(DEFAULT, results("I" * 40, until=NOW - 4 * DAY), NOW).n == 0


def test_disagreement_is_told_both_ways():
    policy = Policy().disagreement
    fails = false_failures(policy, results("FPPFP" * 6), NOW)
    assert (fails.name, fails.verdict, fails.figure) == ("disagreement", State.DEGRADED, 0.4)
    assert false_failures(policy, results("F" * 30, reference=Result.FAIL), NOW).n == 0
    passes = false_passes(policy, results("P" * 30, reference=Result.FAIL), NOW)
    assert (passes.name, passes.verdict, passes.n) == ("passes_everything", State.HEALTHY, 30)
    assert not passes.counts  # a CI that runs other jobs would be accused
    assert false_passes(policy, results("P" * 30, reference=None), NOW).verdict is State.UNKNOWN


@given(st.integers(10, 300), st.data())
def test_one_more_bad_one_never_makes_it_better(n, data):
    k = data.draw(st.integers(0, n - 1))
    assert verdict_of(DEFAULT, k + 1, n).rank <= verdict_of(DEFAULT, k, n).rank


def test_a_surely_good_run_at_the_end_is_the_present():
    broken = results("P" * 20 + "I" * 12)
    assert infra(DEFAULT, broken, NOW).verdict is State.DEGRADED
    found = infra(DEFAULT, results("P" * 20 + "I" * 12 + "P" * 25), NOW)
    assert (found.verdict, found.clears, found.n) == (State.HEALTHY, True, 25)
    assert found.said == "0 of 25 broke by themselves in 3 d, since it recovered"
    assert infra(DEFAULT, results("P" * 20 + "I" * 12 + "P" * 3), NOW).verdict is State.DEGRADED


def test_a_change_that_keeps_failing_is_one_disagreement():
    again = [
        result(7, NOW - (30 - n) * HOUR, Result.FAIL, change_id=7, patch_set=n) for n in range(30)
    ]
    found = false_failures(Policy().disagreement, again + results("P" * 20), NOW)
    assert (found.n, len(found.evidence)) == (21, 1)


def test_what_came_before_a_recovery_is_of_another_time():
    judged = results("F" * 20 + "PP")
    policy = Policy().disagreement
    assert false_failures(policy, judged, NOW).verdict is State.FAILING
    found = false_failures(policy, judged, NOW, since=NOW - HOUR)
    assert (found.verdict, found.n) == (State.UNKNOWN, 2)
