"""Shares that are bad when they are surely high: infra and disagreement."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cibot.config.policy import Policy
from cibot.health.disagreement import FalsePasses, false_failures
from cibot.health.facts import moment
from cibot.health.infra import infra
from cibot.health.inputs import PAIRED, RAN, REFUSED
from cibot.health.share import verdict_of
from cibot.incidents.signal_words import said, threshold_words
from cibot.incidents.tracker import Tracker
from cibot.model import State
from tests.unit.health.facts import D, H, T, counted

INFRA, DISAGREEMENT = Policy().infra, Policy().disagreement


def broke(letters, now=T, **fields):
    one = infra(INFRA)
    for each in counted(letters, RAN, **fields):
        one.take(each)
    return one.signal(now)


def failed(letters, now=T, begin=None, **fields):
    one = false_failures(DISAGREEMENT)
    for each in counted(letters, PAIRED, **fields):
        one.take(each)
    if begin is not None:
        one.begin(begin)
    return one.signal(now)


def test_half_of_all_runs_that_break_are_failing():
    found = broke("PI" * 30)
    assert (found.verdict, found.n, found.figure) == (State.FAILING, 60, 0.5)
    assert said(found.seen) == "30 of 60 broke by themselves in 3 days"
    assert threshold_words(found.seen) == "degraded when surely above 10 %, failing above 30 %"
    assert len(found.evidence) == 8
    assert not found.clears
    assert 0.3 < found.low < 0.5 < found.high


def test_the_trouble_began_where_the_good_share_stops_to_fit():
    found = failed("PPPPPPPPFP" * 6 + "F" * 30)
    assert found.verdict is State.DEGRADED
    assert found.since == moment(T - 31 * H)  # with the failure just before


def test_without_a_reference_it_says_so():
    assert said(failed("").seen) == "nothing that a reference passed; 20 are needed to judge"
    refused = FalsePasses(DISAGREEMENT).signal(T)
    assert said(refused.seen).startswith("nothing that a reference failed")


def test_a_few_accuse_nobody():
    assert said(broke("").seen) == "nothing to judge by; 10 are needed to judge"
    assert broke("I" * 9).verdict is State.UNKNOWN
    assert (
        said(broke("I" * 9).seen) == "9 of 9 broke by themselves in 3 days; 10 are needed to judge"
    )
    assert broke("P" * 50 + "III").verdict is State.HEALTHY


def test_the_window_passes():
    assert broke("I" * 40, now=T + 4 * D).verdict is State.UNKNOWN
    assert broke("I" * 40, now=T + 4 * D).n == 0


def test_clearing_asks_for_more_than_not_being_bad():
    found = broke("P" * 46 + "I" * 4 + "PP")
    assert (found.verdict, found.clears) == (State.HEALTHY, False)
    assert broke("P" * 98 + "I" * 2).clears


def test_false_passes_are_shown_only():
    one = FalsePasses(DISAGREEMENT)
    for each in counted("F" * 30, REFUSED):  # bad is that it passed
        one.take(each)
    found = one.signal(T)
    assert (found.name, found.verdict, found.n, found.figure) == (
        "passes_everything",
        State.HEALTHY,
        30,
        1.0,
    )
    assert not found.counts
    assert FalsePasses(DISAGREEMENT).signal(T).verdict is State.UNKNOWN


def test_a_surely_good_run_at_the_end_is_the_present():
    assert broke("P" * 20 + "I" * 12).verdict is State.DEGRADED
    found = broke("P" * 20 + "I" * 12 + "P" * 25)
    assert (found.verdict, found.clears, found.n) == (State.HEALTHY, True, 25)
    assert said(found.seen).startswith("0 of 25 broke by themselves since it recovered 2")
    assert broke("P" * 20 + "I" * 12 + "P" * 3).verdict is State.DEGRADED


def test_what_came_before_a_recovery_is_of_another_time():
    assert failed("F" * 20 + "PP").verdict is State.FAILING
    found = failed("F" * 20 + "PP", begin=T - H)
    assert (found.verdict, found.n) == (State.UNKNOWN, 2)


def test_its_state_survives_the_store():
    one, again = false_failures(DISAGREEMENT), false_failures(DISAGREEMENT)
    for each in counted("PPF" * 20, PAIRED):
        one.take(each)
    one.begin(T - 30 * H)
    again.read(json.loads(json.dumps(one.row())))
    assert again.signal(T) == one.signal(T)
    assert again.row() == one.row()


@given(st.integers(10, 300), st.data())
def test_one_more_bad_one_never_makes_it_better(n, data):
    k = data.draw(st.integers(0, n - 1))
    assert verdict_of(INFRA, k + 1, n).rank <= verdict_of(INFRA, k, n).rank


def test_what_is_older_than_the_window_acquits_and_accuses_nobody():
    found = broke("IIII" + "P" * 12, every=D / 2)
    assert (found.verdict, found.n, found.clears) == (State.HEALTHY, 10, True)
    assert said(found.seen) == "0 of 10 broke by themselves in 4 days"
    assert broke("P" * 12 + "I" * 12, every=D / 2).verdict is State.UNKNOWN
    assert broke("P" * 12, every=D / 2, until=T - 29 * D).verdict is State.UNKNOWN


def test_an_incident_of_a_ci_that_runs_little_does_not_stay_open_for_years():
    life = Tracker(Policy())
    broken = counted("P" * 10 + "I" * 10, RAN, until=T - 10 * D)
    life.live([*broken, *counted("P" * 18, RAN, every=D / 2)], T)
    found = life.incident
    assert found.opened_at is not None
    assert found.resolved_at is not None
    assert found.resolved_at < moment(T - 3 * D)
