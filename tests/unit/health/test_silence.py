"""Silence: how many chances in a row a CI may miss before it is called silent."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.config.policy import SilencePolicy
from cibot.health.facts import moment
from cibot.health.inputs import Due, Ended
from cibot.health.seen import Fault
from cibot.health.silent import patience
from cibot.health.tally import Count
from cibot.incidents.signal_words import said, threshold_words
from cibot.model import State
from tests.unit.health.facts import D, H, T, due, heard, proof
from tests.unit.health.watched import START, Watched, settled

POLICY = SilencePolicy()
RELEASE = "stable/2026.2"


def test_never_heard_of_is_unknown():
    one = Watched()
    one.advance([False] * 50, START)
    found = one.silent(T)
    assert (found.verdict, said(found.seen)) == (State.UNKNOWN, "never heard of")


def test_a_reliable_ci_is_silent_after_a_few_missed_chances():
    one, now = settled()
    now = one.advance([False] * 3, now)
    assert one.silent(now - H).verdict is State.HEALTHY  # the last deadline has not passed
    found = one.silent(now + 2 * H)
    assert found.verdict is State.SILENT
    last = now - 8 * H + H
    assert found.since == moment(last)
    assert said(found.seen) == "last heard 9 h ago; 3 chances to report missed in a row since"
    assert [one.number for one in found.evidence] == [61, 62, 63]
    assert found.evidence[0].fault == Fault.MISSED
    assert (
        threshold_words(found.seen)
        == "silent after 3 chances missed in a row, as it takes 94 % of them"
    )
    assert not found.clears


def test_half_way_is_shown():
    one, now = settled()
    one.advance([False] * 2, now)
    assert not one.silent(now + 2.5 * H).rising
    assert one.silent(now + 6 * H).rising


def test_a_weekend_without_patch_sets_is_no_silence():
    one, now = settled()
    assert one.silent(now + 66 * H).verdict is State.HEALTHY
    assert one.silent(now + 66 * H).n == 60


def test_a_burst_of_uploads_is_one_chance():
    one, now = settled()
    one.advance([False] * 40, now, 10)
    found = one.silent(now + 5 * H)
    assert found.verdict is State.HEALTHY
    assert "1 chance to report missed" in said(found.seen)


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
    one, now = settled()
    one.take([heard(now + H, 99, reports=False)])
    one.advance([False] * 2, now + 2 * H)
    assert one.silent(now + 12 * H).since is None
    assert said(one.silent(now + 12 * H).seen).startswith("last heard 11 h ago")


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
    one, now = settled(flags, every)
    now = one.advance([False], now, every)
    assert one.silent(now).verdict is State.HEALTHY
    now = one.advance([False], now, every)
    found = one.silent(now + 3 * H)
    assert (found.verdict is State.SILENT) == silent
    if silent:
        assert threshold_words(found.seen).startswith("silent after 2 chances missed in a row")


def test_two_chances_that_were_missed_are_no_silence_of_one_that_speaks_then():
    one, now = settled([True] * 40, 4 * H)
    now = one.advance([False, False], now, 4 * H)
    now = one.advance([True], now, 4 * H)
    found = one.coverage(now)
    assert said(found.seen).startswith(f"reported on {found.n - 2} of {found.n} chances in 7 days")
    now = one.advance([False, False], now, 4 * H)
    assert one.silent(now + 3 * H).verdict is State.HEALTHY


def lesser_branch(now):
    """A fourth of the patch sets that it reports on are of a release, and then it misses six."""
    one = Watched()
    one.take([heard(START - H, 0), heard(START - H, 0, branch=RELEASE)])
    for turn in range(20):
        at = START + turn * 8 * H
        branches = ("master", "master", "master", RELEASE)
        places = [(at + i * 2 * H, branch) for i, branch in enumerate(branches)]
        told = [due(int(when), when, branch=branch) for when, branch in places]
        one.take([*told, *(heard(when + H, int(when), branch=branch) for when, branch in places)])
    one.take([due(int(now + i * 2 * H), now + i * 2 * H, branch=RELEASE) for i in range(6)])
    return one


def test_what_is_missed_on_a_lesser_branch_alone_is_no_silence_of_the_ci():
    now = START + 20 * 8 * H
    one = lesser_branch(now)
    assert one.silent(now + 15 * H).verdict is State.HEALTHY
    one.take([due(1, now + 15 * H)])
    assert one.silent(now + 18 * H).verdict is State.SILENT


def test_a_quiet_of_a_week_is_a_silence_wherever_something_was_missed():
    now = START + 20 * 8 * H
    one = lesser_branch(now)
    one.take([due(1, now + 7 * D, branch=RELEASE)])
    assert one.silent(now + 7 * D + 3 * H).verdict is State.SILENT


def test_one_that_takes_fewer_of_its_chances_is_missed_later():
    one, now = settled([True] * 160, 4 * H)
    now = one.advance([True, False] * 21, now, 4 * H)
    assert one.coverage(now).verdict.bad
    now = one.advance([False] * 4, now, 4 * H)
    assert one.silent(now).verdict is State.HEALTHY
    now = one.advance([False] * 16, now, 4 * H)
    assert one.silent(now).verdict is State.SILENT


def test_a_ci_that_skips_most_is_given_time():
    one, now = settled([i % 5 == 0 for i in range(100)])
    one.advance([False] * 20, now)
    assert one.silent(now + 44 * H).verdict is State.HEALTHY


def test_a_silence_ends_when_it_takes_its_chances_again():
    one, now = settled()
    now = one.advance([False] * 10, now) + 3 * H
    assert one.silent(now).verdict is State.SILENT
    for count in range(1, 7):
        now = one.advance([True], now)
        found = one.silent(now)
        assert (found.verdict, found.clears) == (State.HEALTHY, count > 3)


def test_a_report_that_comes_too_late_takes_no_chance():
    one, now = settled()
    now = one.advance([False] * 10, now) + 3 * H
    one.take([heard(now + i, 61 + i) for i in range(10)])
    found = one.silent(now + H)
    assert (found.verdict, found.clears) == (State.HEALTHY, False)


def test_one_that_reports_on_half_is_not_back_when_it_speaks():
    one, now = settled([True] * 120)
    now = one.advance([False] * 5, now) + 3 * H
    rng = random.Random(2)
    for _ in range(200):
        now = one.advance([rng.random() < 0.5], now)
        assert not one.silent(now).clears
    now = one.advance([True] * 20, now)
    assert one.silent(now).clears


def test_where_only_its_rhythm_is_known_reports_end_a_silence():
    one = Watched()
    one.take([heard(T - (33 - i) * D, i) for i in range(28)])
    one.advance([False], T - 5.9 * D)
    assert one.silent(T - 2.5 * D).verdict is State.SILENT
    one.take([heard(T, 50)])
    assert one.judge.chances.comeback.since is None
    assert one.silent(T + H).clears


def test_the_dead_stay_silent_after_the_window_has_passed():
    one, now = settled()
    one.advance([False] * 10, now)
    assert one.silent(now + 90 * D).verdict is State.SILENT


def test_what_is_replaced_before_its_deadline_is_no_chance():
    one, now = settled()
    gone = [due(300 + i, now + i * H, now + i * H + 60) for i in range(8)]
    ends = [Ended(now + i * H + 0.8 * H, 300 + i, 1) for i in range(8)]
    one.take([*gone, *ends])
    assert said(one.silent(now + 20 * H).seen) == "last heard 21 h ago"


def test_only_where_it_is_at_home_it_is_missed():
    one, now = settled()
    elsewhere = [
        Due(now + i * H, now + i * H, "other", "master", proof(400 + i, now), None)
        for i in range(20)
    ]
    one.take(elsewhere)
    assert one.silent(now + 30 * H).verdict is State.HEALTHY


def test_without_chances_its_own_rhythm_stands_in():
    one = Watched()
    one.take([heard(T - (33 - i) * D, i) for i in range(28)])
    late = T - 6 * D + 3.5 * D
    one.advance([False], T - 5.9 * D)
    found = one.silent(late)
    assert (found.verdict, found.since) == (State.SILENT, moment(T - 6 * D))
    assert threshold_words(found.seen) == "silent after 3 days, as its longest quiet was 24 h"


def test_a_rhythm_alone_accuses_nobody_where_nobody_uploaded_anything():
    one = Watched()
    one.take([heard(T - (33 - i) * D, i) for i in range(28)])
    assert one.silent(T).verdict is State.HEALTHY


def test_a_rhythm_that_is_not_known_accuses_nobody():
    one = Watched()
    one.take([heard(T - 20 * D + i * D, i) for i in range(5)])
    found = one.silent(T)
    assert found.verdict is State.UNKNOWN
    assert said(found.seen).endswith("too little is known of its rhythm")
    one.take([heard(T, 9)])
    assert one.silent(T + H).verdict is State.HEALTHY
