from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.errors import ConfigError
from cibot.health.assess import assess, overall
from cibot.health.policy import (
    CoveragePolicy,
    FlipsPolicy,
    IncidentPolicy,
    JobPolicy,
    LatencyPolicy,
    Policy,
    SharePolicy,
    SilencePolicy,
    SuccessPolicy,
)
from cibot.health.signal import Signal, signal_from_row, signal_row
from cibot.model import Result, State
from tests.unit.health.facts import DAY, HOUR, NOW, patch_sets, results

POLICY = Policy()
CHANCES = patch_sets([True] * 60, NOW - 3 * HOUR, 3 * HOUR)


def test_a_good_ci_is_healthy():
    found = assess(POLICY, results("P" * 40), CHANCES, NOW, True, NOW)
    assert (found.state, found.since) == (State.HEALTHY, None)
    assert [one.name for one in found.signals] == [
        "success",
        "silent",
        "infra",
        "disagreement",
        "job",
        "coverage",
        "latency",
        "passes_everything",
        "flips",
    ]


def test_silent_outranks_failing():
    failed = results("F" * 40, until=NOW - 40 * HOUR)
    chances = patch_sets([True] * 60 + [False] * 30, NOW - 3 * HOUR, HOUR)
    found = assess(POLICY, failed, chances, None, True, NOW)
    assert found.state is State.SILENT
    assert found.signal("success").verdict is State.FAILING
    assert found.since == NOW - 40 * HOUR
    assert found.signal("nothing") is None


def test_alive_but_never_judged_is_unknown():
    assert assess(POLICY, results("PP"), CHANCES, NOW, True, NOW).state is State.UNKNOWN


def test_a_stale_feed_acquits_nobody_and_calls_nobody_healthy():
    assert assess(POLICY, results("P" * 40), CHANCES, NOW, False, NOW).state is State.UNKNOWN
    assert assess(POLICY, results("F" * 40), CHANCES, NOW, False, NOW).state is State.FAILING


def test_nothing_at_all_is_unknown():
    found = assess(POLICY, [], [], None, True, NOW)
    assert found.state is State.UNKNOWN


def test_results_in_the_future_are_not_looked_at():
    found = assess(POLICY, results("F" * 40, until=NOW + 3 * DAY), [], None, True, NOW)
    assert found.state is State.UNKNOWN


_SIGNALS = st.lists(
    st.builds(Signal, st.sampled_from(["success", "silent", "infra"]), st.sampled_from(State)),
    max_size=5,
)


def test_what_is_shown_only_makes_no_state():
    shown = Signal("passes_everything", State.FAILING, counts=False)
    well = [Signal(name, State.HEALTHY) for name in ("success", "silent")]
    assert overall([*well, shown, Signal("infra", State.UNKNOWN)]) is State.HEALTHY
    passed = assess(POLICY, results("P" * 40, reference=Result.FAIL), CHANCES, NOW, True, NOW)
    assert passed.signal("passes_everything").said == (
        "40 of 40 passed where the reference failed in 7 d"
    )
    assert passed.state is State.UNKNOWN


@given(_SIGNALS)
def test_the_worst_signal_rules(signals):
    state = overall(signals)
    bad = [one.verdict.rank for one in signals if one.verdict.rank < State.UNKNOWN.rank]
    assert state.rank == min(bad) if bad else state in (State.UNKNOWN, State.HEALTHY)
    assert overall(reversed(signals)) is state


@settings(max_examples=30)
@given(st.text("PFIS", max_size=60), st.lists(st.booleans(), max_size=30), st.integers(0, 10**6))
def test_health_is_a_function_of_what_is_stored(letters, flags, seed):
    judged, chances = results(letters), patch_sets(flags, NOW - HOUR, HOUR)
    found = assess(POLICY, judged, chances, None, True, NOW)
    rng = random.Random(seed)
    rng.shuffle(judged)
    rng.shuffle(chances)
    assert assess(POLICY, judged, chances, None, True, NOW) == found


def test_a_signal_survives_the_store():
    for judged in (results("F" * 30), []):
        for one in assess(POLICY, judged, CHANCES, None, True, NOW).signals:
            assert signal_from_row(json.loads(json.dumps(signal_row(one)))) == one


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"success": SuccessPolicy(degraded=0.4)},
            "success: failing = 0.5 must be below degraded = 0.4",
        ),
        ({"success": SuccessPolicy(minimum=0)}, "success: minimum = 0 is not a count"),
        ({"success": SuccessPolicy(clears=1.5)}, "clears = 1.5 is not a share"),
        ({"success": SuccessPolicy(reach=DAY)}, "reach is shorter than window"),
        ({"silence": SilencePolicy(doubt=0.0)}, "silence: doubt = 0.0 is not a share"),
        ({"silence": SilencePolicy(rhythm_factor=1.0)}, "rhythm_factor must be above 1"),
        ({"incident": IncidentPolicy(reopen=-DAY)}, "incident: reopen = -1 day"),
        ({"infra": SharePolicy(DAY, 10, 0.2, 0.1, 0.05)}, "infra: degraded = 0.2 must be below"),
        ({"infra": SharePolicy(DAY, 0, 0.1, 0.3, 0.05)}, "infra: minimum = 0 is not a count"),
        ({"coverage": CoveragePolicy(failing=0.95)}, "coverage: failing = 0.95 must be below"),
        ({"latency": LatencyPolicy(clears=1.0)}, "latency: clears = 1.0 is not above 1"),
        ({"flips": FlipsPolicy(window=0 * DAY)}, "flips: window = 0:00:00 is not longer"),
        ({"job": JobPolicy(changes=0)}, "job: changes = 0 is not a count"),
        ({"feed_stale": 0 * DAY}, "feed_stale = 0:00:00 is not longer than nothing"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(fields, said):
    with pytest.raises(ConfigError, match="contradicts itself") as caught:
        Policy(**fields)
    assert said in str(caught.value)


def test_the_policy_says_how_far_back_it_looks():
    assert Policy().memory == 28 * DAY
