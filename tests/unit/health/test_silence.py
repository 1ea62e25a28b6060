"""Silence: how many chances in a row a CI may miss before it is called silent."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.config.policy import SilencePolicy
from cibot.health.facts import moment
from cibot.health.inputs import Due, Ended, Took
from cibot.health.patience import patience
from cibot.health.seen import Fault
from cibot.health.tally import Count
from cibot.incidents.signal_words import said, threshold_words
from cibot.model import State
from tests.unit.health.facts import D, H, T, due, heard, proof
from tests.unit.health.watched import START, Watched, settled

POLICY = SilencePolicy()
RELEASE = "stable/2026.2"


def test_never_heard_of_is_unknown():
    ci = Watched()
    ci.advance([False] * 50, START)
    signal = ci.silent(T)
    assert (signal.verdict, said(signal.seen)) == (State.UNKNOWN, "never heard of")


def test_a_reliable_ci_is_silent_after_a_few_missed_chances():
    ci, now = settled()
    now = ci.advance([False] * 3, now)
    assert ci.silent(now - H).verdict is State.HEALTHY  # the last deadline has not passed
    signal = ci.silent(now + 2 * H)
    assert signal.verdict is State.SILENT
    last = now - 8 * H + H
    assert signal.since == moment(last)
    assert said(signal.seen) == "last heard 9 h ago; 3 chances to report missed in a row since"
    assert [run.number for run in signal.evidence] == [61, 62, 63]
    assert signal.evidence[0].fault == Fault.MISSED
    assert (
        threshold_words(signal.seen)
        == "silent after 3 chances missed in a row, as it takes 94 % of them"
    )
    assert not signal.clears


def test_half_way_is_shown():
    ci, now = settled()
    ci.advance([False] * 2, now)
    assert not ci.silent(now + 2.5 * H).rising
    assert ci.silent(now + 6 * H).rising


def test_a_weekend_without_patch_sets_is_no_silence():
    ci, now = settled()
    assert ci.silent(now + 66 * H).verdict is State.HEALTHY
    assert ci.silent(now + 66 * H).n == 60


def test_a_burst_of_uploads_is_one_chance():
    ci, now = settled()
    ci.advance([False] * 40, now, 10)
    signal = ci.silent(now + 5 * H)
    assert signal.verdict is State.HEALTHY
    assert "1 chance to report missed" in said(signal.seen)


def test_what_waits_for_its_deadline_is_bounded_in_a_flood_of_uploads():
    watched = Watched()
    end = watched.advance([True] * 20, START)
    watched.take([due(1000 + number, end + number) for number in range(1200)])
    chances = watched.judge.chances
    assert 200 <= len(chances.pending) <= 301  # a hundred in each ten minutes
    stored = json.loads(json.dumps(chances.row()))
    chances.read(stored)
    watched.take([due(5000, end + 1201)])
    assert len(chances.pending) <= 301
    missed = chances.missed
    watched.until(end + 5 * H)
    assert chances.pending == []
    assert chances.missed - missed in (2, 3)


def test_a_start_notice_is_heard_too():
    ci, now = settled()
    ci.take([heard(now + H, 99, reports=False)])
    ci.advance([False] * 2, now + 2 * H)
    assert ci.silent(now + 12 * H).since is None
    assert said(ci.silent(now + 12 * H).seen).startswith("last heard 11 h ago")


@pytest.mark.parametrize(
    ("n", "missed", "k"),
    [
        (10, 0, 5),  # little is known
        (20, 0, 3),
        (60, 6, 5),
        (600, 0, 3),
        (600, 300, 17),
        (3000, 1500, 19),  # there are more chances to be wrong
        (600, 540, 113),
        (600, 600, None),
        (0, 0, 50),  # a fifth, as is assumed
    ],
)
def test_patience_follows_from_coverage(n, missed, k):
    assert patience(POLICY, Count(n, missed)) == k


@given(st.integers(1, 2000), st.data())
def test_who_reports_more_is_missed_sooner(n, data):
    missed = data.draw(st.integers(0, n - 1))
    worse = patience(POLICY, Count(n, missed + 1))
    better = patience(POLICY, Count(n, missed))
    assert worse is None or (better is not None and worse >= better)


@pytest.mark.parametrize(
    ("flags", "every", "silent"),
    [
        ([True] * 40, 4 * H, True),
        ([True] * 40, 2 * H, False),  # one hiccup may explain both
        ([True] * 24, 4 * H, False),  # too little is known
        ([True] * 20 + [False] + [True] * 20, 4 * H, False),  # it misses one now and then
    ],
)
def test_two_chances_hours_apart_are_enough_of_a_ci_that_misses_none(flags, every, silent):
    ci, now = settled(flags, every)
    now = ci.advance([False], now, every)
    assert ci.silent(now).verdict is State.HEALTHY
    now = ci.advance([False], now, every)
    signal = ci.silent(now + 3 * H)
    assert (signal.verdict is State.SILENT) == silent
    if silent:
        assert threshold_words(signal.seen).startswith("silent after 2 chances missed in a row")


def test_two_chances_that_were_missed_are_no_silence_of_one_that_speaks_then():
    ci, now = settled([True] * 40, 4 * H)
    now = ci.advance([False, False], now, 4 * H)
    now = ci.advance([True], now, 4 * H)
    signal = ci.coverage(now)
    assert said(signal.seen).startswith(
        f"reported on {signal.n - 2} of {signal.n} chances in 7 days"
    )
    now = ci.advance([False, False], now, 4 * H)
    assert ci.silent(now + 3 * H).verdict is State.HEALTHY


@pytest.mark.parametrize(("others", "silent"), [(0, False), (1, False), (3, True)])
def test_patch_sets_of_one_change_are_missed_once(others, silent):
    """A change that the CI does not test is missed with each of them."""
    ci, now = settled([True] * 30 + [False] + [True] * 30)
    uploads = [due(70, now + i * 2 * H) for i in range(5)]
    again = [
        upload._replace(proof=upload.proof._replace(patch_set=i))
        for i, upload in enumerate(uploads, 1)
    ]
    ci.take([*again, *(due(71 + i, now + (10 + i * 2) * H) for i in range(others))])
    signal = ci.silent(now + 20 * H)
    assert (signal.verdict is State.SILENT) == silent
    assert f"{1 + others} chance" in said(signal.seen)


def test_a_silence_ends_although_a_chance_is_missed_long_after_it():
    """It is weighed against a CI that takes half, not against the weeks since it began."""
    ci, now = settled([True] * 120)
    now = ci.advance([False] * 4, now) + 3 * H
    now = ci.advance([True, False, *[True] * 3] * 12, now)
    assert ci.judge.chances.comeback.since is not None  # of five it takes four
    ci.advance([False], now)
    ci.advance([True] * 18, now + 2 * H)
    assert ci.judge.chances.comeback.since is None


def test_a_change_that_comes_again_hours_later_is_no_second_chance_apart():
    ci, now = settled([True] * 40, 4 * H)
    ci.take([due(number, now + at * H) for number, at in ((41, 0), (42, 1), (41, 4))])
    assert ci.silent(now + 8 * H).verdict is State.HEALTHY
    ci.take([due(43, now + 9 * H)])
    assert ci.silent(now + 12 * H).verdict is State.SILENT


def lesser_branch(now, misses=0):
    """A fourth of the patch sets that it reports on are of a release, and then it misses six.

    Before, it misses one on the other branch in each of so many turns.
    """
    ci = Watched()
    ci.take([heard(START - H, 0), heard(START - H, 0, branch=RELEASE)])
    for turn in range(20):
        at = START + turn * 8 * H
        branches = ("master", "master", "master", RELEASE)
        places = [(at + i * 2 * H, branch) for i, branch in enumerate(branches)]
        events = [due(int(when), when, branch=branch) for when, branch in places]
        reported = places[turn < misses :]
        ci.take([*events, *(heard(when + H, int(when), branch=where) for when, where in reported)])
    ci.take([due(int(now + i * 2 * H), now + i * 2 * H, branch=RELEASE) for i in range(6)])
    return ci


def test_what_is_missed_on_a_lesser_branch_alone_is_no_silence_of_the_ci():
    now = START + 20 * 8 * H
    ci = lesser_branch(now)
    assert ci.silent(now + 15 * H).verdict is State.HEALTHY
    ci.take([due(1, now + 15 * H)])
    assert ci.silent(now + 18 * H).verdict is State.SILENT


@pytest.mark.parametrize("numbers", [(1, 1, 1), (1, 2, 3)])
def test_patch_sets_of_one_change_elsewhere_show_no_silence_everywhere(numbers):
    now = START + 20 * 8 * H
    ci = lesser_branch(now, misses=8)
    ci.take([due(number, now + (15 + i) * H) for i, number in enumerate(numbers)])
    assert (ci.silent(now + 20 * H).verdict is State.SILENT) == (len(set(numbers)) > 1)


def test_a_quiet_of_a_week_is_a_silence_wherever_something_was_missed():
    now = START + 20 * 8 * H
    ci = lesser_branch(now)
    ci.take([due(1, now + 7 * D, branch=RELEASE)])
    assert ci.silent(now + 7 * D + 3 * H).verdict is State.SILENT


def test_one_that_takes_fewer_of_its_chances_is_missed_later():
    ci, now = settled([True] * 160, 4 * H)
    now = ci.advance([True, False] * 21, now, 4 * H)
    assert ci.coverage(now).verdict.bad
    now = ci.advance([False] * 4, now, 4 * H)
    assert ci.silent(now).verdict is State.HEALTHY
    now = ci.advance([False] * 16, now, 4 * H)
    assert ci.silent(now).verdict is State.SILENT


def test_a_ci_that_skips_most_is_given_time():
    ci, now = settled([i % 5 == 0 for i in range(100)])
    ci.advance([False] * 20, now)
    assert ci.silent(now + 44 * H).verdict is State.HEALTHY


def test_a_silence_ends_when_it_takes_its_chances_again():
    ci, now = settled()
    now = ci.advance([False] * 10, now) + 3 * H
    assert ci.silent(now).verdict is State.SILENT
    for count in range(1, 7):
        now = ci.advance([True], now)
        signal = ci.silent(now)
        assert (signal.verdict, signal.clears) == (State.HEALTHY, count > 3)


def test_a_report_that_comes_too_late_takes_no_chance():
    ci, now = settled()
    now = ci.advance([False] * 10, now) + 3 * H
    ci.take([heard(now + i, 61 + i) for i in range(10)])
    signal = ci.silent(now + H)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, False)


def test_one_that_reports_on_half_is_not_back_when_it_speaks():
    ci, now = settled([True] * 120)
    now = ci.advance([False] * 5, now) + 3 * H
    rng = random.Random(2)
    for _ in range(200):
        now = ci.advance([rng.random() < 0.5], now)
        assert not ci.silent(now).clears
    now = ci.advance([True] * 20, now)
    assert ci.silent(now).clears


def test_where_only_its_rhythm_is_known_reports_end_a_silence():
    ci = Watched()
    ci.take([heard(T - (33 - i) * D, i) for i in range(28)])
    ci.advance([False] * 2, T - 5.9 * D)
    assert ci.silent(T - 2.5 * D).verdict is State.SILENT
    ci.take([heard(T, 50)])
    assert ci.judge.chances.comeback.since is None
    assert ci.silent(T + H).clears


def test_the_dead_stay_silent_after_the_window_has_passed():
    ci, now = settled()
    ci.advance([False] * 10, now)
    assert ci.silent(now + 90 * D).verdict is State.SILENT


def test_what_is_replaced_before_its_deadline_is_no_chance():
    ci, now = settled()
    gone = [due(300 + i, now + i * H, now + i * H + 60) for i in range(8)]
    ends = [Ended(now + i * H + 0.8 * H, 300 + i, 1) for i in range(8)]
    ci.take([*gone, *ends])
    assert said(ci.silent(now + 20 * H).seen) == "last heard 21 h ago"


def test_only_where_it_is_at_home_it_is_missed():
    ci, now = settled()
    elsewhere = [
        Due(now + i * H, now + i * H, "other", "master", proof(400 + i, now), None)
        for i in range(20)
    ]
    ci.take(elsewhere)
    assert ci.silent(now + 30 * H).verdict is State.HEALTHY


def test_without_chances_its_own_rhythm_stands_in():
    ci = Watched()
    ci.take([heard(T - (33 - i) * D, i) for i in range(28)])
    late = T - 6 * D + 3.5 * D
    ci.advance([False], T - 5.9 * D)
    assert ci.silent(late).verdict is State.HEALTHY  # one may be none of its business
    ci.advance([False], T - 5.8 * D)
    signal = ci.silent(late)
    assert (signal.verdict, signal.since) == (State.SILENT, moment(T - 6 * D))
    assert threshold_words(signal.seen) == "silent after 3 days, as its longest quiet was 24 h"


def test_a_rhythm_alone_accuses_nobody_where_nobody_uploaded_anything():
    ci = Watched()
    ci.take([heard(T - (33 - i) * D, i) for i in range(28)])
    assert ci.silent(T).verdict is State.HEALTHY


def test_a_rhythm_that_is_not_known_accuses_nobody():
    ci = Watched()
    ci.take([heard(T - 20 * D + i * D, i) for i in range(5)])
    signal = ci.silent(T)
    assert signal.verdict is State.UNKNOWN
    assert said(signal.seen).endswith("too little is known of its rhythm")
    ci.take([heard(T, 9)])
    assert ci.silent(T + H).verdict is State.HEALTHY


@pytest.mark.parametrize(("missed", "slow"), [(6, False), (1, True)])
def test_the_wait_of_a_silence_is_no_slowness(missed, slow):
    """What waits until the CI is back took as long as it was away: that was said already."""
    ci, now = settled()
    now = ci.advance([False] * missed, now)
    took = [Took(now + H, 12.0, proof(7000 + i, now + H)) for i in range(3)]
    ci.take([heard(now, 7000), *took])
    latency = ci.judge.latency.signal(now + H)
    assert latency.n == (3 if slow else 0)
