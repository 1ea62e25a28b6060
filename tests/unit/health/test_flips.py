from __future__ import annotations

from cibot.health.flips import flips
from cibot.health.policy import FlipsPolicy
from cibot.model import Result, State
from tests.unit.health.facts import DAY, HOUR, NOW, result, results

POLICY = FlipsPolicy()


def test_a_failure_that_passes_when_run_again_is_a_flip():
    judged = [
        *results("P" * 22),
        result(1, NOW - 5 * HOUR, Result.FAIL, reference=None),
        result(1, NOW - 4 * HOUR, Result.INFRA, reference=None),
        result(1, NOW - 3 * HOUR, Result.PASS, reference=None),
        result(1, NOW - 2 * HOUR, Result.FAIL, reference=None),
        result(2, NOW - 2 * HOUR, Result.FAIL),
        result(2, NOW - HOUR, Result.FAIL, pipeline="other"),
    ]
    found = flips(POLICY, judged, NOW)
    assert (found.n, found.figure, found.counts) == (27, 1 / 27, False)
    assert found.said == "1 of 27 failed, and passed when run again in 14 d"
    assert [one.number for one in found.evidence] == [1]
    assert found.verdict is State.HEALTHY


def test_all_flips_still_accuse_nobody():
    judged = [
        result(n, NOW - hours * HOUR, outcome)
        for n in range(30)
        for hours, outcome in ((2, Result.FAIL), (1, Result.PASS))
    ]
    assert flips(POLICY, judged, NOW).verdict is State.HEALTHY


def test_few_or_old_results_say_nothing():
    assert flips(POLICY, [], NOW).said == "nothing to judge by"
    assert flips(POLICY, results("PP"), NOW).verdict is State.UNKNOWN
    assert flips(POLICY, results("P" * 30, until=NOW - 15 * DAY), NOW).n == 0
