"""The change chart as a signal: a drop from the CI's own past."""

from __future__ import annotations

import json

import pytest

from cibot.config.judgement import Policy
from cibot.health.facts import moment
from cibot.health.inputs import VerdictKind
from cibot.incidents.signal_words import said, threshold_words
from cibot.incidents.tracker import Tracker
from cibot.model import State
from tests.unit.health.facts import D, H, T, change, changes, inputs, tracked


def success(made, until=T):
    return tracked(made, until).judge.success.signal(until)


def test_a_drop_is_told_with_what_was_before():
    signal = success(changes("P" * 600 + "F" * 7))
    assert signal.verdict is State.FAILING  # though 162 of 169 passed this week
    assert signal.since == moment(T - 6 * H)
    assert said(signal.seen) == (
        "0 of 7 passed since 2026-11-23 06:00 UTC, 99.9 % before;"
        " 162 of 169 passed in 7 days where the reference passed"
    )
    assert threshold_words(signal.seen) == "degraded until it surely passes 99.9 % again"
    assert [run.number for run in signal.evidence] == list(range(1606, 1599, -1))
    assert not signal.clears


def test_what_passed_since_a_drop_is_of_the_results_that_the_level_counts():
    """The chart counts a stack that fails together once, people count all that failed."""
    stacks = [
        change([(0, 1, "F")], [(-0.5, 1, "P")], (-1,), number, T - (4 - number // 5) * H)
        for number in range(20)
    ]
    signal = success([*changes("P" * 160, until=T - 6 * H), *stacks])
    assert said(signal.seen) == (
        "0 of 20 passed since 2026-11-23 08:00 UTC, 99.6 % before;"
        " 160 of 180 passed in 7 days where the reference passed"
    )


def test_after_a_long_drop_the_first_failure_is_shown_with_the_newest():
    signal = success(changes("P" * 600 + "F" * 14))
    numbers = [run.number for run in signal.evidence]
    assert numbers == [*range(1613, 1606, -1), 1600]


def test_it_is_well_again_five_passes_after_an_outage():
    assert success(changes("P" * 400 + "F" * 100 + "P" * 2)).verdict is State.FAILING
    signal = success(changes("P" * 400 + "F" * 100 + "P" * 5))
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)


def test_what_came_since_a_recovery_is_all_that_did():
    """Of few results the newest of 28 days count: all of them came since, the failures too."""
    recovered = changes("P" * 400 + "F" * 100 + "P" * 9, until=T - 40 * D)
    since = changes("FFFFFFPPP", until=T, every=2 * D, first=8000)
    assert "since it recovered" not in said(success([*recovered, *since]).seen)


def test_before_a_past_is_known_it_says_how_much_is_missing():
    signal = success(changes("P" * 60 + "F" * 40))
    assert (signal.verdict, signal.rising) == (State.UNKNOWN, False)
    assert threshold_words(signal.seen) == "judged when 100 results are known, 40 are"


def test_half_way_is_rising():
    signal = success(changes("P" * 600 + "FF"))
    assert (signal.verdict, signal.rising, signal.clears) == (State.HEALTHY, True, False)


def test_a_mild_drop_is_degraded_and_not_failing():
    signal = success(changes("P" * 600 + "PPF" * 12))
    assert signal.verdict is State.DEGRADED


def test_the_chart_is_fed_first_verdicts_where_the_reference_passed():
    good = changes("P" * 300)
    unpaired = changes("F" * 300, reference="F", first=9000)
    rechecked = [
        change([(0, 1, "P"), (0.3, 1, "F"), (0.6, 1, "F")], [(-0.5, 1, "P")], (-1,), i, T - i * H)
        for i in range(300)
    ]
    plain = tracked(good).judge.success.row()
    assert tracked(good + unpaired).judge.success.row() == plain
    assert success(rechecked).verdict is State.HEALTHY


def test_one_broken_change_is_one_observation():
    own = [(n, n, "F") for n in range(1, 41)]
    theirs = [(n - 0.5, n, "P") for n in range(1, 41)]
    broken = change(own, theirs, range(40), 7, T - 50 * H)
    twice = change(own[:2], theirs[:2], (0, 1), 7, T - 50 * H)
    good = changes("P" * 300)
    assert success([*good, broken]).verdict is State.HEALTHY
    often, seldom = (tracked([*good, each]).judge.success.chart for each in (broken, twice))
    assert often.row() == seldom.row()


@pytest.mark.parametrize(
    ("reference", "mended"), [(None, State.HEALTHY), ("P", State.FAILING)], ids=["none", "passes"]
)
def test_a_change_that_passes_after_two_failures_speaks_for_the_ci_alone(reference, mended):
    """What was mended says that the CI works; what was not, or what a reference passed each
    time, may be an outage.
    """

    def several(letters):
        own = [(n, n, letter) for n, letter in enumerate(letters, 1)]
        theirs = [(n - 0.5, n, "P") for n in range(1, 4)] if reference else []
        fields = {} if reference else {"referenced": lambda _at: False}
        return [change(own, theirs, range(3), i, T - (27 - 4 * i) * H, **fields) for i in range(6)]

    before = changes("PPPPF" * 80, until=T - 40 * H, reference=reference)
    assert success([*before, *several("FFP")]).verdict is mended
    assert success([*before, *several("FFF")]).verdict is State.FAILING


def test_a_drop_that_lasts_is_how_it_is_now():
    signal = success(changes("P" * 400 + "PF" * 400))
    assert signal.verdict is State.HEALTHY
    assert said(signal.seen).endswith("it has been like that for 28 days, 99.8 % before")
    assert signal.adopted is not None
    assert tracked(changes("P" * 400 + "PF" * 400)).judge.level.signal(T).verdict is State.DEGRADED


@pytest.mark.parametrize(
    ("letters", "severity"),
    [
        ("P" * 400 + "F" * 5, State.FAILING),
        ("P" * 400 + "PFPF" + "F" * 5, State.FAILING),  # contaminated, and yet an outage
        ("P" * 400 + "FFPFFFPF", State.FAILING),
        ("P" * 400 + "PF" * 8, State.DEGRADED),
        ("P" * 400 + "PFF" * 20, State.FAILING),  # surely so, in the long run
    ],
)
def test_how_bad_a_drop_is_follows_from_the_chart_that_fires(letters, severity):
    tracker = tracked(changes(letters))
    steps = [step.transition for step in tracker.steps]
    assert next(step.severity for step in steps if step.name == "opened") is severity
    assert "escalated" not in [step.name for step in steps]
    assert tracker.judge.success.signal(T).verdict is severity
    again = Tracker.of(Policy(), json.loads(json.dumps(tracker.row())))
    assert again.judge.success.signal(T) == tracker.judge.success.signal(T)


def test_the_time_of_a_result_is_when_it_was_posted_and_not_when_its_pair_came():
    late = [
        change([(0, 1, "F")], [(5, 1, "P")], (-1,), 2000 + i, T - (9 - i) * H) for i in range(10)
    ]
    tracker = tracked(changes("P" * 600, until=T - 10 * H) + late, T + D)
    assert tracker.judge.success.signal(T + D).since == moment(T - 9 * H)
    assert len(inputs(late)) > 0


def test_a_stack_of_changes_on_a_broken_one_is_one_failure():
    """Six changes that were pushed together fail together, and pass when the first is mended."""
    for reference in (None, "P"):
        before = changes("P" * 400, until=T - 2 * H, every=H, reference=reference)
        theirs = [(0.12, 1, reference)] if reference else []

        def stack(spread, theirs=theirs, reference=reference):
            return [
                change(
                    [(0.15 + i / 50, 1, "F")], theirs, (i * spread / H,), 3000 + i, T - H,
                    referenced=lambda _at: reference is not None,
                )
                for i in range(6)
            ]  # fmt: skip

        assert success(before + stack(0)).verdict is State.HEALTHY
        assert success(before + stack(30)).verdict is State.HEALTHY
        assert success(before + stack(61)).verdict is State.HEALTHY  # one an hour is usual: a burst
        assert success(before + stack(120)).verdict.bad


def test_what_failed_before_or_has_no_pair_weighs_as_such_results_are_learnt_to():
    """A cancelled reference hides no outage, and broken changes make none."""

    outage = [change([(2, 1, "F")], [], (0, 1.5), 5000 + i, T - (40 - i) * H) for i in range(24)]
    before = [
        change([(2, 1, "F" if i % 3 == 0 else "P"), (4, 2, "P")], [(3.5, 2, "P")], (0, 1.5), i, at)
        for i, at in enumerate(T - (1000 - 2 * i) * H for i in range(400))
    ]
    chart = tracked(before).judge.success.chart
    unpaired = chart.baseline.counts[VerdictKind.UNPAIRED]
    assert 0.5 < unpaired[0] / sum(unpaired) < 0.75
    assert chart.baseline.mean > 0.97
    assert chart.dropped is None
    assert tracked(before + outage[:3]).judge.success.chart.dropped is None
    assert tracked(before + outage).judge.success.chart.dropped is not None


def test_who_uploads_without_a_pause_hides_no_outage():
    """A stack takes ten minutes at most: what comes later is no part of it."""
    before = changes("P" * 400, until=T - 3 * H, every=H, reference=None)
    broken = [change([(0.5, 1, "F")], (), (i / 120,), 3000 + i, T - 2.5 * H) for i in range(120)]
    for facts in broken:
        facts.own[0].posted_at = facts.uploads[1] + H
        facts.referenced = lambda _at: False
    assert success(before + broken).verdict.bad


def test_an_outage_is_none_any_more_where_surely_more_than_half_passes_since():
    """Not yet as usual, and not failing: what passed since the drop says how bad it is."""
    outage = "P" * 600 + "F" * 6
    assert success(changes(outage)).verdict is State.FAILING
    assert success(changes(outage + "PPPPF" * 9)).verdict is State.DEGRADED
