"""Chances to report: which patch sets are one, what is taken or missed, how long it is known."""

from __future__ import annotations

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.config.judgement import Policy
from cibot.config.policy import SilencePolicy
from cibot.health.judge import Judge
from tests.unit.health.facts import D, H, due, heard
from tests.unit.health.watched import ALLOWED, START, Watched, settled


def test_a_late_report_counts_when_it_comes():
    ci, now = settled([True] * 100, 4 * H)
    now = ci.advance([True, False] * 21, now, 4 * H) + 3 * H
    assert ci.coverage(now).figure == 22 / 42
    ci.take([heard(now + i, 102 + 2 * i) for i in range(21)])
    assert ci.coverage(now + H).figure == 1.0


def test_a_patch_set_of_a_burst_that_was_reported_on_takes_the_chance():
    ci, now = settled([True] * 30, 4 * H)
    slot = (now // 600 + 1) * 600
    ci.take([due(800, slot, slot + 1), due(801, slot + 60, slot + 61)])
    ci.take([heard(slot + H, 801)])
    ci.until(slot + 3 * H)
    assert ci.judge.chances.missed == 0
    assert ci.judge.chances.long.count == (31, 0)


def chances(dues, reports):
    """Counted independently: a slot of ten minutes was taken where any of it was reported on."""
    slots = {}
    for chance in dues:
        slot = int(chance.uploaded_at // 600)
        slots[slot] = slots.get(slot, False) or chance.proof.change_id in reports
    return len(slots), sum(not taken for taken in slots.values())


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6))
def test_chances_are_counted_as_if_all_were_kept(seed):
    never_silent = SilencePolicy(doubt=1e-300)
    rng, ci = random.Random(seed), Watched(Policy(silence=never_silent))
    ci.take([heard(START - H, 0)])
    share = rng.choice([1.0, 0.9, 0.6])
    dues, events, reports = [], [], set()  # reports: the patch sets that got one, late or not
    for number in range(1, rng.randint(2, 120)):
        at = START + rng.uniform(0, 5 * D)
        dues.append(due(number, at))
        events.append(dues[-1])
        if rng.random() < share:
            late = rng.choice([H, H, 9 * H])
            events.append(heard(at + late, number))
            reports.add(number)
    ci.take([*events, heard(START + 7 * D, 9999)])  # what was missed until then counts now
    assert ci.judge.chances.long.count == chances(dues, reports)
    again = Judge(Policy())
    again.read(json.loads(json.dumps(ci.judge.row())))
    assert again.row() == ci.judge.row()


def test_what_was_missed_is_named_newest_first():
    ci, end = settled()
    ci.advance((False, True, False), end)
    end = ci.advance((True,), end + 6 * H)
    missed = ci.until(end + D).judge.chances.missed_since(START)
    assert [each.change_id for each in missed] == [63, 61]
    assert all(each.deadline == each.uploaded_at + ALLOWED for each in missed)
    assert ci.judge.chances.recent.count.bad == len(missed)


def test_what_is_reported_late_was_not_missed():
    ci, end = settled()
    ci.advance((False,), end)
    ci.until(end + 3 * H)
    assert len(ci.judge.chances.missed_since(START)) == 1
    ci.take([heard(end + 4 * H, 61)])
    assert ci.judge.chances.missed_since(START) == []


def test_what_was_missed_survives_a_checkpoint():
    ci, end = settled()
    ci.advance((False, False), end)
    ci.until(end + D)
    again = Judge(Policy())
    again.read(json.loads(json.dumps(ci.judge.row())))
    assert again.chances.missed_since(START) == ci.judge.chances.missed_since(START) != []
