"""Silence and coverage: what was due, what was taken, what was missed."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.config.judgement import Policy
from cibot.config.policy import SilencePolicy
from cibot.health.facts import moment
from cibot.health.inputs import Due, Ended
from cibot.health.judge import Judge
from cibot.health.seen import Fault
from cibot.health.silent import patience
from cibot.health.tally import Count
from cibot.incidents.signal_words import said, threshold_words
from cibot.model import State
from tests.unit.health.facts import D, H, T, due, heard, proof

POLICY = SilencePolicy()
START = T - 20 * D
ALLOWED = 2 * H


class Watched:
    """A CI whose patch sets are due two hours after their upload."""

    def __init__(self, policy=None):
        self.judge = Judge(policy or Policy())
        self.judge.latency.allowed = lambda _at: ALLOWED
        self.number = 0

    def live(self, flags, start, every=2 * H):
        """A patch set a flag, and whether it was reported on, an hour after its upload."""
        told = []
        for i, flag in enumerate(flags):
            self.number += 1
            at = start + i * every
            told.append(due(self.number, at))
            if flag:
                told.append(heard(at + H, self.number))
        self.take(told)
        return start + len(flags) * every

    def take(self, told):
        for one in sorted(told, key=lambda one: one.at):
            self.until(one.at)
            self.judge.take(one)

    def until(self, at):
        while (alarm := self.judge.next_alarm) is not None and alarm < at:
            self.judge.ring(alarm)
        return self

    def silent(self, at):
        return self.until(at).judge.silence.signal(at)

    def coverage(self, at):
        return self.until(at).judge.coverage.signal(at)


def settled(flags=(True,) * 60, every=2 * H, policy=None):
    """A CI with a past, that was at home from the start; and when that ended."""
    one = Watched(policy)
    one.take([heard(START - H, 0)])
    return one, one.live(flags, START, every)


def test_never_heard_of_is_unknown():
    one = Watched()
    one.live([False] * 50, START)
    found = one.silent(T)
    assert (found.verdict, said(found.seen)) == (State.UNKNOWN, "never heard of")


def test_a_reliable_ci_is_silent_after_a_few_missed_chances():
    one, now = settled()
    now = one.live([False] * 3, now)
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
    one.live([False] * 2, now)
    assert not one.silent(now + 2.5 * H).rising
    assert one.silent(now + 6 * H).rising


def test_a_weekend_without_patch_sets_is_no_silence():
    one, now = settled()
    assert one.silent(now + 66 * H).verdict is State.HEALTHY
    assert one.silent(now + 66 * H).n == 60


def test_a_burst_of_uploads_is_one_chance():
    one, now = settled()
    one.live([False] * 40, now, 10)
    found = one.silent(now + 5 * H)
    assert found.verdict is State.HEALTHY
    assert "1 chance to report missed" in said(found.seen)


def test_what_waits_for_its_deadline_is_bounded_whatever_is_uploaded():
    watched = Watched()
    end = watched.live([True] * 20, START)
    uploads = [due(1000 + number, end + number / 100) for number in range(6000)]
    watched.take(uploads)
    assert len(watched.judge.chances.pending) == 5000
    missed = watched.judge.chances.missed
    watched.until(end + 5 * H)
    assert watched.judge.chances.pending == []
    assert watched.judge.chances.missed == missed + 1


def test_a_start_notice_is_heard_too():
    one, now = settled()
    one.take([heard(now + H, 99, reports=False)])
    one.live([False] * 2, now + 2 * H)
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


def test_a_ci_that_skips_most_is_given_time():
    one, now = settled([i % 5 == 0 for i in range(100)])
    one.live([False] * 20, now)
    assert one.silent(now + 44 * H).verdict is State.HEALTHY


def test_a_silence_ends_when_it_takes_its_chances_again():
    one, now = settled()
    now = one.live([False] * 10, now) + 3 * H
    assert one.silent(now).verdict is State.SILENT
    for count in range(1, 7):
        now = one.live([True], now)
        found = one.silent(now)
        assert (found.verdict, found.clears) == (State.HEALTHY, count > 3)


def test_a_report_that_comes_too_late_takes_no_chance():
    one, now = settled()
    now = one.live([False] * 10, now) + 3 * H
    one.take([heard(now + i, 61 + i) for i in range(10)])
    found = one.silent(now + H)
    assert (found.verdict, found.clears) == (State.HEALTHY, False)


def test_one_that_reports_on_half_is_not_back_when_it_speaks():
    one, now = settled([True] * 120)
    now = one.live([False] * 5, now) + 3 * H
    rng = random.Random(2)
    for _ in range(200):
        now = one.live([rng.random() < 0.5], now)
        assert not one.silent(now).clears
    now = one.live([True] * 20, now)
    assert one.silent(now).clears


def test_where_only_its_rhythm_is_known_reports_end_a_silence():
    one = Watched()
    one.take([heard(T - (33 - i) * D, i) for i in range(28)])
    one.live([False], T - 5.9 * D)
    assert one.silent(T - 2.5 * D).verdict is State.SILENT
    one.take([heard(T, 50)])
    assert one.judge.chances.comeback.since is None
    assert one.silent(T + H).clears


def test_the_dead_stay_silent_after_the_window_has_passed():
    one, now = settled()
    one.live([False] * 10, now)
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


def on_branches(*branches, days, start=START, every=6 * H, reports=True):
    """A patch set of each branch every six hours, and the CI's reports an hour later."""
    told = []
    for turn in range(int(days * D / every)):
        for place, branch in enumerate(branches):
            at = start + turn * every + place * H
            told.append(due(int(at), at, branch=branch))
            if reports:
                told.append(heard(at + H, int(at), branch=branch))
    return told


def missed(one, *branches, days, start):
    """How many chances in a row are missed where only other branches get patch sets."""
    one.take(on_branches(*branches, days=days, start=start, reports=False))
    return one.until(start + days * D).judge.chances.missed


@pytest.mark.parametrize("home", ["master", "stable/2026.1", "a/b/c", ""])
def test_a_ci_of_one_branch_is_not_expected_on_the_others(home):
    one = Watched()
    one.take(on_branches(home, days=35))
    others = ("main", "stable/2026.2", "stable/2025.2", "a/b/d")
    assert not missed(one, *others, days=20, start=START + 35 * D)
    assert one.silent(START + 55 * D).verdict is State.HEALTHY
    assert missed(one, home, days=2, start=START + 55 * D)
    assert one.silent(START + 57 * D).verdict is State.SILENT


def test_a_new_branch_belongs_to_who_reports_on_all_of_its_kind():
    one = Watched()
    one.take(on_branches("master", "stable/2025.2", "stable/2026.1", days=35))
    assert missed(one, "stable/2026.2", days=2, start=START + 35 * D)
    assert one.silent(START + 37 * D).verdict is State.SILENT


@pytest.mark.parametrize(
    ("homes", "days"),
    [
        (("master", "stable/2026.1"), 35),  # one of its kind only
        (("stable/2025.2", "stable/2026.1"), 5),  # of which little is known yet
        (("master", "main"), 35),  # no kind
    ],
)
def test_no_branch_is_expected_of_who_may_report_on_some_only(homes, days):
    one = Watched()
    one.take(on_branches(*homes, days=days))
    new = "stable/2026.2" if "stable/2026.1" in homes else "trunk"
    assert not missed(one, new, days=5, start=START + days * D)


def test_who_left_one_out_is_not_expected_on_the_next():
    one = Watched()
    one.take(on_branches("stable/2025.2", "stable/2026.1", days=35))
    one.take(on_branches("stable/2025.1", days=1, start=START + 34 * D, reports=False))
    one.take(on_branches("stable/2025.2", days=30, start=START + 35 * D))  # and not there now
    now = START + 65 * D
    assert not missed(one, "stable/2025.1", "stable/2026.2", days=5, start=now)


def test_a_branch_that_ended_is_expected_no_more():
    one = Watched()
    one.take(on_branches("master", "stable/2026.1", days=10))
    one.take(on_branches("master", days=29, start=START + 10 * D))
    assert not missed(one, "stable/2026.1", days=5, start=START + 39 * D)


def test_branches_that_are_remembered_are_bounded_and_stored():
    one, now = settled()
    one.take([due(500 + i, now + i, branch=f"user/{i}") for i in range(1000)])
    row = json.dumps(one.judge.chances.row())
    assert row.count("user/") <= 200
    again = Watched()
    again.judge.chances.read(json.loads(row))
    assert json.dumps(again.judge.chances.row()) == row
    assert missed(one, "master", days=1, start=now + D)


def test_without_chances_its_own_rhythm_stands_in():
    one = Watched()
    one.take([heard(T - (33 - i) * D, i) for i in range(28)])
    late = T - 6 * D + 3.5 * D
    one.live([False], T - 5.9 * D)
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


def test_one_that_reports_on_half_of_what_it_used_to_is_degraded():
    one, now = settled([True] * 100, 4 * H)
    now = one.live([True, False] * 21, now, 4 * H) + 3 * H
    found = one.coverage(now)
    assert (found.verdict, found.n) == (State.DEGRADED, 42)
    assert (
        said(found.seen) == "reported on 22 of 42 chances in 7 days, 99 of 99 in the weeks before"
    )
    assert found.evidence[0].fault == Fault.MISSED
    assert found.since is not None
    other, now = settled([True] * 100, 4 * H)
    now = other.live([True, False, False] * 14, now, 4 * H) + 3 * H
    assert other.coverage(now).verdict is State.DEGRADED
    other, now = settled([True] * 160, 4 * H)
    now = other.live([True, False, False] * 14, now, 4 * H) + 3 * H
    assert other.coverage(now).verdict is State.FAILING


def test_what_is_usual_is_held_while_it_reports_on_less_and_becomes_it_after_four_weeks():
    one, now = settled([True] * 120, 4 * H)
    began = now
    while now < began + 27 * D:
        now = one.live([True, False], now, 4 * H)
        if now > began + 8 * D:  # the weeks before hold more and more of it
            assert one.coverage(now).verdict.bad
    now = one.live([True, False] * 30, now, 4 * H)
    found = one.coverage(now)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
    assert abs(found.adopted - moment(began + 28 * D)) < timedelta(days=5)
    now = one.live([True, False] * 90, now, 4 * H)
    assert one.coverage(now).verdict is State.HEALTHY  # and it is not told of again
    again = Judge(Policy())
    again.read(json.loads(json.dumps(one.judge.row())))
    assert again.coverage.signal(now) == one.judge.coverage.signal(now)


def test_a_second_drop_of_coverage_is_seen_by_what_was_usual_before_the_first():
    one, now = settled([True] * 120, 4 * H)
    now = one.live([True, False] * 40, now, 4 * H)
    now = one.live([True] * 60, now, 4 * H)
    assert one.coverage(now).clears
    now = one.live([True, True, False] * 14, now, 4 * H)
    assert one.coverage(now).verdict.bad


def test_one_that_always_looked_at_a_third_is_well():
    one, now = settled([True, False, False] * 55, 4 * H)
    found = one.coverage(now + 3 * H)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)


def test_what_it_missed_while_it_was_silent_is_the_silences():
    one, now = settled([True] * 110 + [False] * 12 + [True] * 20, 4 * H)
    found = one.coverage(now)
    assert (found.verdict, found.figure) == (State.HEALTHY, 1.0)


def test_too_few_chances_or_no_past_accuse_nobody():
    one, now = settled([], 4 * H)
    assert one.coverage(now).verdict is State.UNKNOWN
    assert said(one.coverage(now).seen) == "no chance to report in 7 days"
    one, now = settled([True, False] * 15, 4 * H)
    found = one.coverage(now)
    assert found.verdict is State.UNKNOWN
    assert said(found.seen).endswith("10 of each are needed to judge")


def test_coverage_is_well_again_after_a_surely_good_run():
    one, now = settled([True] * 120 + [True, False] * 14 + [True] * 25, 4 * H)
    found = one.coverage(now)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)


def test_the_words_and_the_figure_are_of_what_the_verdict_rests_on():
    one, now = settled([True] * 120 + [True, False, False] * 9 + [True] * 14, 4 * H)
    found = one.coverage(now)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
    assert (found.figure, found.evidence) == (1.0, ())
    assert said(found.seen).startswith(
        f"reported on {found.n} of {found.n} chances since it recovered"
    )


def test_a_late_report_counts_when_it_comes():
    one, now = settled([True] * 100, 4 * H)
    now = one.live([True, False] * 21, now, 4 * H) + 3 * H
    assert one.coverage(now).figure == 22 / 42
    one.take([heard(now + i, 102 + 2 * i) for i in range(21)])
    assert one.coverage(now + H).figure == 1.0


def test_a_patch_set_of_a_burst_that_was_reported_on_takes_the_chance():
    one, now = settled([True] * 30, 4 * H)
    slot = (now // 600 + 1) * 600
    one.take([due(800, slot, slot + 1), due(801, slot + 60, slot + 61)])
    one.take([heard(slot + H, 801)])
    one.until(slot + 3 * H)
    assert one.judge.chances.missed == 0
    assert one.judge.chances.long.count == (31, 0)


def chances(dues, reports):
    """Counted anew: a slot of ten minutes was taken where any of it was reported on."""
    slots = {}
    for one in dues:
        slot = int(one.uploaded_at // 600)
        slots[slot] = slots.get(slot, False) or one.proof.change_id in reports
    return len(slots), sum(not taken for taken in slots.values())


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6))
def test_chances_are_counted_as_if_all_were_kept(seed):
    never_silent = SilencePolicy(doubt=1e-300)
    rng, one = random.Random(seed), Watched(Policy(silence=never_silent))
    one.take([heard(START - H, 0)])
    share = rng.choice([1.0, 0.9, 0.6])
    dues, told, reports = [], [], set()  # reports: the patch sets that got one, late or not
    for number in range(1, rng.randint(2, 120)):
        at = START + rng.uniform(0, 5 * D)
        dues.append(due(number, at))
        told.append(dues[-1])
        if rng.random() < share:
            late = rng.choice([H, H, 9 * H])
            told.append(heard(at + late, number))
            reports.add(number)
    one.take([*told, heard(START + 7 * D, 9999)])  # what was missed until then counts now
    assert one.judge.chances.long.count == chances(dues, reports)
    again = Judge(Policy())
    again.read(json.loads(json.dumps(one.judge.row())))
    assert again.row() == one.judge.row()


def test_what_was_missed_is_named_newest_first():
    ci, end = settled()
    ci.live((False, True, False), end)
    end = ci.live((True,), end + 6 * H)
    missed = ci.until(end + D).judge.chances.missed_since(START)
    assert [each.change_id for each in missed] == [63, 61]
    assert all(each.deadline == each.uploaded_at + ALLOWED for each in missed)
    assert ci.judge.chances.recent.count.bad == len(missed)


def test_what_is_reported_late_was_not_missed():
    ci, end = settled()
    ci.live((False,), end)
    ci.until(end + 3 * H)
    assert len(ci.judge.chances.missed_since(START)) == 1
    ci.take([heard(end + 4 * H, 61)])
    assert ci.judge.chances.missed_since(START) == []


def test_what_was_missed_survives_a_checkpoint():
    ci, end = settled()
    ci.live((False, False), end)
    ci.until(end + D)
    again = Judge(Policy())
    again.read(json.loads(json.dumps(ci.judge.row())))
    assert again.chances.missed_since(START) == ci.judge.chances.missed_since(START) != []
