from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.config.policy import ChartPolicy
from cibot.health.baseline import lower_bound
from cibot.health.chart import Chart
from cibot.health.facts import moment
from cibot.health.inputs import VerdictKind
from tests.unit.health.facts import DAY, D, H, T

POLICY = ChartPolicy()


class Scenario:
    """A CI that reports once an hour, and its chart."""

    def __init__(self, policy=POLICY, seed=1, every=H):
        self.chart, self.now = Chart(policy), T
        self.rng, self.every = random.Random(seed), every

    def advance(self, n, rate):
        """``n`` results; how many it took to start or to stop firing, if it did."""
        before = self.chart.drop is not None
        for i in range(n):
            self.now += self.every
            self.chart.add(self.rng.random() < rate, self.now)
            if (self.chart.drop is not None) != before:
                return i + 1
        return None


def restored(row):
    """A chart that took over a row that went through the store."""
    chart = Chart(POLICY)
    chart.read(json.loads(json.dumps(row)))
    return chart


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.9, 0.97, 0.995])
def test_a_ci_that_stays_as_it_is_is_no_news(rate):
    assert Scenario(seed=2).advance(4000, rate) is None


@pytest.mark.parametrize(("rate", "within"), [(0.0, 5), (0.5, 40), (0.8, 400)])
def test_a_drop_is_noticed(rate, within):
    scenario = Scenario()
    assert scenario.advance(1500, 0.9) is None
    began = scenario.now
    assert scenario.advance(within, rate) is not None
    drop = scenario.chart.drop
    assert abs(drop.since.timestamp() - began) < within * H
    assert drop.usual == pytest.approx(0.9, abs=0.03)
    assert drop.passes <= drop.n


def test_a_young_ci_has_learnt_two_thirds_of_its_results_and_an_old_one_all_but_400():
    scenario = Scenario()
    scenario.advance(300, 0.9)
    assert scenario.chart.baseline.learnt == 200
    scenario.advance(1200, 0.9)
    assert scenario.chart.baseline.learnt == 1100


def test_an_outage_and_its_end():
    scenario = Scenario()
    scenario.advance(1500, 1)
    began = scenario.now
    assert scenario.advance(9, 0) <= 5
    scenario.advance(100, 0)
    assert scenario.chart.drop.since == moment(began + H)
    assert scenario.chart.drop.n >= 100
    back = scenario.now
    assert scenario.advance(9, 1) <= 5
    assert scenario.chart.settled_at == back + H
    assert scenario.advance(500, 1) is None


def test_nothing_is_unusual_before_something_is_usual():
    scenario = Scenario()
    scenario.advance(90, 1)
    assert scenario.advance(30, 0) is None
    assert not scenario.chart.rising


def test_half_way_is_rising():
    scenario = Scenario()
    scenario.advance(600, 0.97)
    seen = []
    for _ in range(5):
        seen.append(scenario.chart.rising)
        if scenario.advance(1, 0):
            break
    assert seen[0] is False
    assert seen[-1] is True
    assert not scenario.chart.rising


def test_a_drop_that_lasts_is_how_the_ci_is_now():
    scenario = Scenario(ChartPolicy(adopt=10 * DAY))
    scenario.advance(1000, 0.95)
    assert scenario.advance(200, 0.6) is not None
    noticed = scenario.now
    assert scenario.advance(300, 0.6) is not None
    assert scenario.now - noticed <= 10 * D
    assert scenario.chart.settled_at is None
    assert scenario.chart.baseline.rate == pytest.approx(0.6, abs=0.08)
    assert scenario.advance(800, 0.6) is None


def test_a_drop_that_was_noticed_late_is_told_for_a_while():
    scenario = Scenario(ChartPolicy(adopt=10 * DAY, minimum=20))
    scenario.advance(1000, 0.95)
    scenario.every = 4 * D
    assert scenario.advance(20, 0) is not None
    assert scenario.now - scenario.chart.drop.since.timestamp() > 10 * D
    scenario.every = H
    scenario.chart.dropped.n = 100  # enough was seen of it
    assert scenario.advance(100, 0.1) is None
    scenario.every = D
    assert 5 < scenario.advance(20, 0) < 8
    again = restored(scenario.chart.row())
    assert again.row() == scenario.chart.row()


def test_slow_decay_is_noticed_before_it_is_done():
    scenario = Scenario(every=D / 20)
    scenario.advance(1500, 0.9)
    for day in range(30):
        if scenario.advance(20, 0.9 - 0.01 * day):
            break
    assert scenario.chart.drop is not None
    assert day < 26


@pytest.mark.parametrize(
    ("changes", "fires"),
    [((1, 1, 1, 1, 2, 2), False), ((1, 2, 3), True), ((None, None, None), True)],
    ids=["two changes", "three", "nobody knows"],
)
def test_two_changes_that_keep_failing_are_no_drop(changes, fires):
    scenario = Scenario(every=2 * D)  # few results, so that three failures are enough
    scenario.advance(400, 1.0)
    for change in changes:
        scenario.now += 60
        scenario.chart.add(False, scenario.now, change=change)
    assert (scenario.chart.drop is not None) is fires


@pytest.mark.parametrize(("rate", "fires"), [(0.1, False), (0.5, True)])
def test_a_ci_that_hardly_ever_passes_cannot_drop(rate, fires):
    scenario = Scenario()
    scenario.advance(1500, rate)
    scenario.advance(400, 0.0)
    assert (scenario.chart.drop is not None) is fires


def test_what_fails_again_is_no_further_change():
    scenario = Scenario(every=2 * D)
    scenario.advance(400, 1.0)
    for change in range(9):
        scenario.now += 60
        standing = VerdictKind.AGAIN if change else VerdictKind.FAIR
        scenario.chart.add(False, scenario.now, standing, change)
    assert scenario.chart.drop is None


def test_clocks_that_go_back_do_no_harm():
    chart = Chart(POLICY)
    rng = random.Random(4)
    for i in range(2000):
        chart.add(rng.random() < 0.9, T + rng.uniform(-3, 3) * D + i * H)
    assert chart.drop is None
    assert 0 < chart.baseline.limit < 20


def test_a_burst_of_results_only_raises_the_height():
    calm, hasty = Scenario(), Scenario(every=0.36)
    calm.advance(1000, 0.9)
    hasty.advance(10_000, 0.9)
    assert hasty.chart.drop is None
    assert hasty.chart.baseline.limit > calm.chart.baseline.limit


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.0, 0.5, 0.9, 1.0])), max_size=12),
    st.data(),
)
def test_its_state_survives_the_store_at_any_moment(stretches, data):
    rng = random.Random(5)
    passed = [rng.random() < 0.95 for _ in range(300)]
    passed += [rng.random() < rate for n, rate in stretches for _ in range(n)]
    fed = [(result, T + i * H) for i, result in enumerate(passed)]
    cut = data.draw(st.integers(0, len(fed)))
    whole, half = Chart(POLICY), Chart(POLICY)
    for result in fed:
        whole.add(*result)
    for result in fed[:cut]:
        half.add(*result)
    again = restored(half.row())
    for result in fed[cut:]:
        again.add(*result)
    assert again.row() == whole.row()
    assert again.drop == whole.drop


def test_that_a_drop_was_an_outage_survives_the_store():
    chart = Chart(POLICY)
    for number in range(310):
        chart.add(number < 300, T + number * H)
    assert chart.drop is not None
    assert chart.floor
    assert restored(chart.row()).floor


def test_what_was_not_stored_by_it_is_refused():
    row = Chart(POLICY).row()
    with pytest.raises(ValueError, match="shorter"):
        Chart(POLICY).read([row[0], row[1][:2], *row[2:]])
    with pytest.raises(ValueError, match="shorter"):
        Chart(POLICY).read([])


@given(st.floats(0.1, 5000), st.floats(0.1, 5000), st.floats(0, 3))
def test_the_bound_lies_below_the_rate(passes, failures, z):
    bound = lower_bound(passes, failures, z)
    assert -1e-12 <= bound <= passes / (passes + failures) + 1e-12


def test_what_was_over_before_the_chart_knew_enough_is_no_news() -> None:
    """Twelve failures, then a hundred passes within minutes, in which it learns enough."""
    chart, now = Chart(ChartPolicy()), 0.0
    for passed, pause in [(True, 28_800.0)] * 90 + [(False, 28_800.0)] * 12 + [(True, 2.0)] * 300:
        now += pause
        chart.add(passed, now)
        assert chart.drop is None
    assert chart.baseline.ready
    for _ in range(12):
        now += 28_800.0
        chart.add(False, now)
    assert chart.drop is not None


def test_what_comes_half_of_the_way_back_is_not_over():
    chart, step = Chart(POLICY), D / 60
    letters = "PPPPPPPPPPPPPPPPPPPF" * 40 + "PF" * 20 + "PPPPPPF" * 70
    for place, letter in enumerate(letters):
        chart.add(letter == "P", T + place * step)
    assert chart.dropped is not None
    assert chart.settled_at is None
    back = "PPPPPPPPPPPPPPPPPPPF" * 15
    for place, letter in enumerate(back, len(letters)):
        chart.add(letter == "P", T + place * step)
    assert chart.dropped is None
    assert chart.settled_at is not None


def test_the_less_was_seen_of_a_drop_the_more_passes_it_takes_to_be_over():
    """A few failures in a row may be a hiccup of a CI that passes less than it did, too."""

    def passes_until_over(failures: int) -> int:
        chart, step = Chart(POLICY), D / 60
        letters = "PPPPPPPPPPPPPPPPPPPF" * 40 + "F" * failures
        for place, letter in enumerate(letters):
            chart.add(letter == "P", T + place * step)
        passes = 0
        while chart.dropped is not None:
            passes += 1
            chart.add(True, T + (len(letters) + passes) * step)
        return passes

    assert passes_until_over(40) == 4
    assert 10 <= passes_until_over(5) <= 12


def test_what_follows_a_drop_shows_whether_it_lies_behind():
    scenario = Scenario()
    scenario.advance(1500, 0.9)
    scenario.advance(30, 0.4)
    assert not scenario.chart.drop.past
    for _ in range(3):
        scenario.chart.add(True, scenario.now)
    assert scenario.chart.drop.past
    scenario.advance(3, 0)
    assert not scenario.chart.drop.past


def test_the_fewer_results_come_the_fewer_say_that_a_drop_is_over():
    """It is asked as much more seldom: a thousand to one is enough at one a day."""

    def passes_until_over(per_day: float) -> int:
        chart, step = Chart(POLICY), D / per_day
        letters = "PPPPPPPPPPPPPPPPPPPF" * 40 + "F" * 6
        for place, letter in enumerate(letters):
            chart.add(letter == "P", T + place * step)
        assert chart.dropped is not None
        passes = 0
        while chart.dropped is not None:
            passes += 1
            chart.add(True, T + (len(letters) + passes) * step)
        return passes

    assert [passes_until_over(per_day) for per_day in (60, 20, 5, 0.6, 0.3)] == [9, 9, 7, 5, 5]


def test_a_drop_that_lies_behind_is_no_news_when_fewer_results_come():
    """The limit sinks with the pace, and would find weeks later what is as usual again."""

    def sunk(letters: str) -> Chart:
        chart, at = Chart(POLICY), T
        for letter in "PPPPPPPPPF" * 100 + "PPPF" * 30 + letters:
            at += D / 100
            chart.add(letter == "P", at)
        assert chart.dropped is None
        chart.baseline.limit = 9.5
        chart.add(False, at + D)
        return chart

    assert sunk("").dropped is not None
    chart = sunk("P" * 28)
    assert chart.dropped is None
    for letter in "FPPFPPF":
        chart.add(letter == "P", T + 20 * D)
    assert chart.dropped is not None


def test_a_drop_that_is_over_after_28_days_is_not_how_the_ci_is():
    """Few results a week: enough to say that it is over, and not yet surely."""
    chart, at = Chart(POLICY), T
    for letter in "PPPPPPPPPPPPPPPPPPPF" * 20 + "F" * 6:
        at += D / 20
        chart.add(letter == "P", at)
    assert chart.dropped is not None
    for _ in range(9):
        at += 3.2 * D
        chart.add(True, at)
    assert (chart.dropped, chart.adopted_at) == (None, None)
    assert chart.settled_at is not None
