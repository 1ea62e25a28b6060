from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.health.policy import SilencePolicy
from cibot.health.silence import patience, silence
from cibot.model import State
from tests.unit.health.facts import DAY, HOUR, NOW, patch_set, patch_sets, results

POLICY = SilencePolicy()


def quiet(missed, *, every=2 * HOUR, heard=NOW - 30 * HOUR, now=NOW, fresh=True, before=60):
    """A CI that reported on everything until ``heard`` and then missed some."""
    past = patch_sets([True] * before, heard - HOUR, every)
    since = [patch_set(9000 + i, heard + (i + 1) * every, False) for i in range(missed)]
    return silence(POLICY, [], past + since, heard, fresh, now)


def test_never_heard_of_is_unknown():
    found = silence(POLICY, [], patch_sets([False] * 50, NOW - 3 * HOUR, HOUR), None, True, NOW)
    assert (found.verdict, found.said) == (State.UNKNOWN, "never heard of")


def test_a_reliable_ci_is_silent_after_a_few_missed_chances():
    assert quiet(2).verdict is State.HEALTHY
    found = quiet(4)
    assert found.verdict is State.SILENT
    assert found.since == NOW - 30 * HOUR
    assert found.said == "last heard 30 h ago; 4 chances to report missed in a row since"
    assert [one.number for one in found.evidence] == [9000, 9001, 9002, 9003]


def test_half_way_is_shown():
    assert not quiet(1).rising
    assert quiet(2).rising


def test_a_weekend_without_patch_sets_is_no_silence():
    assert quiet(0, heard=NOW - 66 * HOUR).verdict is State.HEALTHY


def test_a_chance_counts_only_after_its_deadline():
    assert quiet(9, heard=NOW - 4 * HOUR, every=HOUR).verdict is State.HEALTHY


def test_a_stale_feed_accuses_nobody():
    found = quiet(9, fresh=False)
    assert found.verdict is State.UNKNOWN
    assert "our own feed is stale" in found.said


def test_a_burst_of_uploads_is_one_chance():
    past = patch_sets([True] * 60, NOW - 31 * HOUR, 2 * HOUR)
    start = NOW - 10 * HOUR
    stack = [patch_set(9000 + i, start + i * timedelta(seconds=10), False) for i in range(40)]
    found = silence(POLICY, [], past + stack, NOW - 30 * HOUR, True, NOW)
    assert found.verdict is State.HEALTHY
    assert "1 chance to report missed" in found.said


@pytest.mark.parametrize(
    ("coverage", "k"),
    [(0.9, 4), (0.5, 14), (0.2, 42), (0.02, 456), (0.999, 3), (1.0, 3), (0.0, None)],
)
def test_patience_follows_from_coverage(coverage, k):
    assert patience(POLICY, coverage) == k


@given(st.floats(0.001, 1), st.floats(0.001, 1))
def test_who_reports_more_is_missed_sooner(one, other):
    low, high = sorted((one, other))
    assert patience(POLICY, low) >= patience(POLICY, high)


def test_a_ci_that_skips_most_is_given_time():
    heard = NOW - 30 * HOUR
    past = patch_sets([i % 5 == 0 for i in range(100)], heard - HOUR, 2 * HOUR)
    since = [patch_set(9000 + i, heard + (i + 1) * HOUR, False) for i in range(20)]
    assert silence(POLICY, [], past + since, heard, True, NOW).verdict is State.HEALTHY


def test_two_reports_end_a_silence_and_one_does_not():
    start, back = NOW - 40 * HOUR, NOW - 2 * HOUR
    past = patch_sets([True] * 60, start - HOUR, 2 * HOUR)
    gone = [patch_set(9000 + i, start + (i + 1) * HOUR, False) for i in range(30)]
    heard_before = results("PPP", until=start)
    one = silence(POLICY, heard_before, past + gone, back, True, NOW)
    assert (one.verdict, one.clears) == (State.HEALTHY, False)
    two = silence(
        POLICY, heard_before + results("P", until=back), past + gone, NOW - HOUR, True, NOW
    )
    assert (two.verdict, two.clears) == (State.HEALTHY, True)


def test_the_dead_stay_silent_after_the_window_has_passed():
    missed = patch_sets([False] * 60, NOW - DAY, 6 * HOUR)
    assert silence(POLICY, [], missed, NOW - 60 * DAY, True, NOW).verdict is State.SILENT
    assert silence(POLICY, [], [], NOW - 60 * DAY, True, NOW).verdict is State.UNKNOWN


def test_without_chances_its_own_rhythm_stands_in():
    judged = results("P" * 28, until=NOW - 5 * DAY, every=DAY)
    found = silence(POLICY, judged, [], None, True, NOW)
    assert (found.verdict, found.since) == (State.SILENT, NOW - 5 * DAY)
    assert found.threshold == "silent after 3 d, as its longest quiet was 24 h"
    assert silence(POLICY, judged, [], None, True, NOW - 3 * DAY).verdict is State.HEALTHY


def test_a_rhythm_with_weekends_forgives_a_long_weekend():
    working = [
        one
        for one in results("P" * 400, every=HOUR, until=NOW - 2 * HOUR)
        if one.posted_at.weekday() < 5
    ]
    friday = max(one.posted_at for one in working if one.posted_at < NOW - 2 * DAY)
    before = [one for one in working if one.posted_at <= friday]
    assert silence(POLICY, before, [], None, True, friday + 5 * DAY).verdict is State.HEALTHY


def test_a_rhythm_that_is_not_known_accuses_nobody():
    judged = results("PPPPP", until=NOW - 20 * DAY, every=DAY)
    assert silence(POLICY, judged, [], None, True, NOW).verdict is State.UNKNOWN
    assert silence(POLICY, results("P"), [], None, True, NOW).verdict is State.HEALTHY


def test_times_in_the_future_are_not_heard_yet():
    found = silence(POLICY, results("P", until=NOW + DAY), [], None, True, NOW)
    assert found.said == "never heard of"
    assert silence(POLICY, [], [], NOW + DAY, True, NOW).said == "last heard 0 min ago"


@settings(max_examples=40)
@given(st.lists(st.booleans(), max_size=60), st.integers(0, 10**6), st.integers(0, 80))
def test_the_order_of_arrival_does_not_matter(flags, seed, hours):
    chances = patch_sets(flags, NOW - 3 * HOUR, HOUR)
    mixed = chances.copy()
    random.Random(seed).shuffle(mixed)
    heard = NOW - hours * HOUR
    found = silence(POLICY, [], chances, heard, True, NOW)
    assert silence(POLICY, [], mixed, heard, True, NOW) == found
