from __future__ import annotations

from cibot.health.latency import latency
from cibot.health.policy import LatencyPolicy
from cibot.model import State
from tests.unit.health.facts import DAY, HOUR, NOW, result

POLICY = LatencyPolicy()
OFTEN = 4 * HOUR


def took(hours, until=NOW, every=OFTEN):
    """One result an entry, each on a patch set of its own, the last one at ``until``."""
    last = len(hours) - 1
    return [
        result(
            i, until - (last - i) * every, uploaded_at=until - (last - i) * every - length * HOUR
        )
        for i, length in enumerate(hours)
    ]


def test_a_ci_that_takes_five_times_as_long_is_failing_by_its_latency():
    found = latency(POLICY, took([1.0] * 120 + [5.0] * 42), NOW)
    assert (found.verdict, found.figure, found.n) == (State.FAILING, 5.0, 43)
    assert (
        found.said
        == "half within 5 h of the upload, 95 % within 5 h in 7 d; 60 min in the weeks before"
    )
    assert found.evidence[0].said == "took 5 h"
    assert found.since == NOW - 41 * OFTEN


def test_three_times_is_degraded():
    assert latency(POLICY, took([1.0] * 120 + [3.0] * 42), NOW).verdict is State.DEGRADED


def test_one_busy_afternoon_is_no_news():
    hours = [1.0] * 140 + [9.0] * 14 + [1.0] * 8
    found = latency(POLICY, took(hours), NOW)
    assert found.verdict is State.FAILING  # 56 hours are three days
    packed = took([1.0] * 140) + took([9.0] * 20, NOW - DAY, HOUR / 4) + took([1.0] * 6)
    assert latency(POLICY, packed, NOW).verdict is State.HEALTHY


def test_slow_is_what_is_slow_for_itself():
    assert latency(POLICY, took([30.0] * 160), NOW).verdict is State.HEALTHY
    assert latency(POLICY, took([0.02] * 120 + [0.2] * 42), NOW).verdict is State.HEALTHY


def test_too_few_accuse_nobody():
    assert latency(POLICY, [], NOW).verdict is State.UNKNOWN
    assert latency(POLICY, took([5.0] * 42), NOW).verdict is State.UNKNOWN
    assert latency(POLICY, took([1.0] * 120, NOW - 8 * DAY), NOW).said == "no results in 7 d"


def test_the_first_verdict_counts_and_not_a_recheck():
    first = took([1.0] * 160)
    again = [
        result(one.change_id, one.posted_at + HOUR, uploaded_at=one.uploaded_at) for one in first
    ]
    assert latency(POLICY, first + again, NOW + HOUR).figure == 1.0


def test_it_is_well_again_after_a_surely_good_run():
    found = latency(POLICY, took([1.0] * 120 + [5.0] * 16 + [1.0] * 26), NOW)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
