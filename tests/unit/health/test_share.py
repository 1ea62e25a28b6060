"""Shares that are bad when they are surely high: infra and disagreement."""

from __future__ import annotations

import json
import random
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.config.judgement import Policy
from cibot.health.disagreement import FalseFailures, FalsePasses
from cibot.health.facts import Upload, moment
from cibot.health.infra import Infra
from cibot.health.inputs import FAIR, PAIRED, RAN, REFUSED, Attempted
from cibot.health.level import Level
from cibot.health.share import back_since, may_be_back, verdict_of
from cibot.health.tally import Count
from cibot.incidents.signal_words import said, threshold_words
from cibot.incidents.tracker import Tracker
from cibot.model import State
from tests.unit.health.facts import D, H, T, counted

INFRA, DISAGREEMENT = Policy().infra, Policy().disagreement


def broke(letters, now=T, **fields):
    kind = Infra(INFRA)
    for each in ran(letters, **fields):
        kind.attempt(each) if isinstance(each, Attempted) else kind.take(each)
    return kind.signal(now)


def ran(letters, **fields):
    """What a run a letter makes: I broke, all others were well."""
    return [
        each
        for result in counted(letters, RAN, **fields)
        for each in (result, Attempted(result.at, result.bad))
    ]


def failed(letters, now=T, begin=None, well=True, **fields):
    kind = FalseFailures(DISAGREEMENT)
    for each in counted(letters, PAIRED, **fields):
        kind.take(each)
    if begin is not None:
        kind.begin(begin, 0.0 if well else 1.0)
    return kind.signal(now)


def test_runs_that_are_stopped_together_are_one_breakage():
    """Somebody kills all that runs, or the server starts again; what broke by itself counts."""

    def stopped(seconds, by_itself=False):
        kind = Infra(INFRA)
        for each in ran("P" * 30, until=T - H):
            kind.attempt(each) if isinstance(each, Attempted) else kind.take(each)
        for i in range(8):
            kind.attempt(Attempted(T - 600 + i * seconds, True, not by_itself))
        return kind.standing(T, True).bad

    assert not stopped(1)
    assert not stopped(50)  # a long row of them
    assert stopped(70)
    assert stopped(1, by_itself=True)


def test_half_of_all_runs_that_break_are_failing():
    signal = broke("PI" * 30)
    assert (signal.verdict, signal.n, signal.figure) == (State.FAILING, 60, 0.5)
    began = "since 2026-11-21 02:00 UTC"  # the first that broke: what accuses is counted from there
    words = f"30 of 59 attempts broke by themselves {began}; 30 of 60 last attempts in 3 days"
    assert said(signal.seen) == words
    assert threshold_words(signal.seen) == "degraded when surely above 10 %, failing above 30 %"
    assert len(signal.evidence) == 8
    assert not signal.clears
    assert 0.3 < signal.low < 0.5 < signal.high


def test_the_trouble_began_where_the_good_share_stops_to_fit():
    signal = failed("PPPPPPPPFP" * 6 + "F" * 30)
    assert signal.verdict is State.DEGRADED
    assert signal.since == moment(T - 31 * H)  # with the failure just before


def test_without_a_reference_it_says_so():
    assert said(failed("").seen) == "nothing that a reference passed; 20 are needed to judge"
    refused = FalsePasses(DISAGREEMENT, Level(Policy().success)).signal(T)
    assert said(refused.seen).startswith("nothing that a reference failed")


def test_a_few_accuse_nobody():
    assert said(broke("").seen) == "nothing to judge by; 10 are needed to judge"
    assert broke("I" * 9).verdict is State.UNKNOWN
    assert (
        said(broke("I" * 9).seen) == "9 of 9 broke by themselves in 3 days; 10 are needed to judge"
    )
    assert broke("P" * 50 + "III").verdict is State.HEALTHY


def test_a_breakage_is_seen_within_a_few_runs_and_lasts_until_runs_say_that_it_is_over():
    assert broke("P" * 40 + "III").verdict is State.HEALTHY
    assert broke("P" * 40 + "IIII").verdict is State.FAILING
    assert broke("P" * 40 + "IIII").since == moment(T - 3 * H)
    assert broke("P" * 40 + "PI" * 6).verdict is State.FAILING
    assert broke("P" * 40 + "PPPPI" * 9).verdict is State.HEALTHY
    assert broke("P" * 40 + "PPPPI" * 14).verdict is State.DEGRADED
    later = broke("P" * 40 + "I" * 8, now=T + 4 * D)  # nothing ran since
    assert (later.verdict, later.n, later.clears) == (State.FAILING, 10, False)
    assert broke("I" * 40, now=T + 29 * D).verdict is State.UNKNOWN


def test_it_is_half_way_where_two_runs_broke_in_a_row():
    assert not broke("P" * 40 + "I").rising
    assert broke("P" * 40 + "II").rising
    assert not broke("P" * 40 + "IIPPPPP").rising
    assert not broke("PPPII").rising  # too few to judge


def test_what_broke_since_it_began_counts_each_attempt_and_the_window_the_last_ones():
    kind = Infra(INFRA)
    for each in ran("P" * 40 + "I" * 5 + "P", until=T - H):
        kind.attempt(each) if isinstance(each, Attempted) else kind.take(each)
    read = Infra(INFRA)
    read.read(json.loads(json.dumps(kind.row())))
    broken = counted("I", RAN, until=T)[0]
    read.take(broken)
    read.attempt(Attempted(T, True))
    read.take(broken._replace(sign=-1))  # it was run again, and did not break
    read.take(broken._replace(bad=False))
    read.attempt(Attempted(T, False))
    began = "since 2026-11-23 06:00 UTC"
    words = f"6 of 8 attempts broke by themselves {began}; 5 of 47 last attempts in 3 days"
    assert said(read.signal(T).seen) == words


def test_one_in_twenty_that_breaks_is_no_news():
    rng = random.Random(4)
    kind = Infra(INFRA)
    for i in range(4000):
        kind.attempt(Attempted(T + i * H, rng.random() < 0.05))
        assert not kind.standing(T + i * H, False).bad


def refused(letters, own="P" * 40, every=D):
    """What is said of a CI that passes F and fails P, as it bad is that it passed."""
    level = Level(Policy().success)
    for each in counted(own, FAIR):
        level.take(each)
    kind = FalsePasses(DISAGREEMENT, level)
    for each in counted(letters, REFUSED, every=every):
        kind.take(each)
    return kind.signal(T)


def test_a_ci_that_surely_passes_everything_for_weeks_is_degraded():
    signal = refused("F" * 24)
    assert (signal.name, signal.verdict, signal.n) == ("passes_everything", State.DEGRADED, 24)
    assert (signal.since, signal.clears) == (moment(T - 23 * D), False)
    assert refused("F" * 19).verdict is State.UNKNOWN
    assert refused("F" * 24, every=H).verdict is State.HEALTHY  # a day is no weeks
    assert refused("F" * 24, own="P" * 39 + "F").verdict is State.HEALTHY  # it does look
    assert refused("F" * 22 + "PF").verdict is State.HEALTHY
    assert refused("F" * 22 + "PF").clears
    assert refused("P" * 5 + "F" * 19).verdict is State.HEALTHY  # other jobs than the reference's


def test_it_is_usual_for_a_ci_that_never_failed_with_the_reference():
    assert refused("F" * 24).seen.usual
    assert refused("F" * 30 + "P" + "F" * 30).seen.usual
    assert not refused("P" * 40 + "F" * 24).seen.usual


def test_a_surely_good_run_at_the_end_is_the_present():
    assert broke("P" * 20 + "I" * 12).verdict is State.FAILING
    signal = broke("P" * 20 + "I" * 12 + "P" * 25)
    assert (signal.verdict, signal.clears, signal.n) == (State.HEALTHY, True, 25)
    assert said(signal.seen).startswith("0 of 25 broke by themselves since it recovered 2")
    assert broke("P" * 20 + "I" * 12 + "P" * 3).verdict is State.FAILING
    assert broke("P" * 20 + "I" * 12 + "P" * 25 + "PI" * 3).verdict is State.HEALTHY  # no ghost


def test_what_came_before_a_recovery_is_of_another_time():
    assert failed("F" * 20 + "PP").verdict is State.FAILING
    signal = failed("F" * 20 + "PP", begin=T - H)
    assert (signal.verdict, signal.clears, signal.n) == (State.HEALTHY, True, 2)
    signal = failed("F" * 20 + "PP", begin=T - H, well=False)
    assert (signal.verdict, signal.clears, signal.n) == (State.UNKNOWN, False, 2)


def test_what_is_well_again_stays_so_while_nothing_new_is_bad():
    kind = FalseFailures(DISAGREEMENT)
    for each in counted("P" * 20 + "F" * 12 + "P" * 20 + "PPPPPPF" * 3 + "PP", PAIRED):
        kind.take(each)
        if each.proof.at > T - 18.5 * H:  # after twenty good ones
            assert kind.standing(each.at, True).verdict is State.HEALTHY


def test_its_state_survives_the_store():
    kind, again = FalseFailures(DISAGREEMENT), FalseFailures(DISAGREEMENT)
    for each in counted("PPF" * 20, PAIRED):
        kind.take(each)
    kind.begin(T - 30 * H)
    again.read(json.loads(json.dumps(kind.row())))
    assert again.signal(T) == kind.signal(T)
    assert again.row() == kind.row()
    for letters in ("PPI" * 9, "P" * 20 + "I" * 9 + "PP", "P" * 20 + "I" * 9 + "P" * 9):
        charts, others = Infra(INFRA), Infra(INFRA)
        for each in ran(letters):
            charts.attempt(each) if isinstance(each, Attempted) else charts.take(each)
        others.read(json.loads(json.dumps(charts.row())))
        assert (others.signal(T), others.row()) == (charts.signal(T), charts.row())


@given(st.integers(10, 300), st.data())
def test_one_more_bad_one_never_makes_it_better(n, data):
    k = data.draw(st.integers(0, n - 1))
    assert verdict_of(INFRA, k + 1, n).rank <= verdict_of(INFRA, k, n).rank


def test_a_stack_that_fails_together_is_one_failure_for_disagreement():
    """A CI with a past of one failure in ten and two stacks of five, of which each fails."""

    def after(uploaded):
        results = counted("PPPPPPPPPF" * 2 + "F" * 10, PAIRED, every=H)
        stack = [
            result._replace(upload=Upload(uploaded(i // 5, i % 5)))
            for i, result in enumerate(results[20:])
        ]
        kind = FalseFailures(DISAGREEMENT)
        for each in (*results[:20], *stack):
            kind.take(each)
        return kind, stack

    together, stack = after(lambda number, _place: T - D + number * H)
    signal = together.signal(T)
    assert (signal.verdict, signal.n, said(signal.seen)) == (
        State.HEALTHY, 22,
        "4 of 22 failed where the reference passed in 7 days; what fails together counts once",
    )  # fmt: skip
    apart, _stack = after(lambda number, place: T - D + (5 * number + place) * H)
    assert (apart.signal(T).verdict, apart.signal(T).n) == (State.DEGRADED, 30)
    for each in stack:  # all of them were run again and passed
        together.take(each._replace(sign=-1))
        together.take(each._replace(bad=False))
    again = FalseFailures(DISAGREEMENT)
    again.read(json.loads(json.dumps(together.row())))
    assert said(again.signal(T).seen).startswith("2 of 30 failed where the reference passed")


def test_what_is_older_than_the_window_acquits_and_accuses_nobody():
    signal = broke("IIII" + "P" * 12, every=D / 2)
    assert (signal.verdict, signal.n, signal.clears) == (State.HEALTHY, 10, True)
    assert said(signal.seen) == "0 of 10 broke by themselves in 4 days"
    assert broke("P" * 12, every=D / 2, until=T - 29 * D).verdict is State.UNKNOWN


def test_an_incident_of_a_ci_that_runs_little_does_not_stay_open_for_years():
    tracker = Tracker(Policy())
    broken = ran("P" * 10 + "I" * 10, until=T - 10 * D)
    tracker.advance([*broken, *ran("P" * 18, every=D / 2)], T)
    incident = tracker.incident
    assert incident.opened_at is not None
    assert incident.resolved_at is not None
    assert incident.resolved_at < moment(T - 3 * D)


@pytest.mark.parametrize("seed", range(200))
def test_what_cannot_be_back_is_found_without_a_look_at_each_result(seed):
    rng = random.Random(seed)
    good, before = rng.choice([0.8, 0.95, 0.99]), rng.random()
    results = [rng.random() < before for _ in range(rng.randint(1, 200))]
    results = [True] * rng.choice([0, 3, 20, 70]) + results  # the newest first
    older = Count(rng.choice([0, 5]), 0)  # counted, and not of the window
    count = Count(len(results) + older.n, results.count(False))
    run = len(list(takewhile(bool, results)))
    back = back_since(count, [(well, T - at) for at, well in enumerate(results)], good)
    assert back is None or may_be_back(count, run, good)


def test_a_trouble_that_goes_on_is_seldom_over():
    """The runs by which it was noticed are worse than what goes on, and some in a row are well."""
    over, back = 0, []
    for seed in range(40):
        rng, kind, bad = random.Random(seed), Infra(INFRA), []
        letters = "P" * 200 + "".join("PI"[rng.random() < 0.3] for _ in range(200)) + "P" * 80
        for each in ran(letters, every=H):
            kind.attempt(each) if isinstance(each, Attempted) else kind.take(each)
            if isinstance(each, Attempted):
                bad.append(kind.standing(each.at, True).bad)
        first = bad.index(True)
        over += not all(bad[first:400])
        back.append(bad[400:].index(False))
    assert over <= 1
    assert 20 <= sorted(back)[20] <= 40
