from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.health.baseline import lower_bound
from cibot.health.chart import Chart
from cibot.health.observation import independent
from cibot.health.policy import ChartPolicy, Policy
from cibot.health.success import charted, success
from cibot.model import Result, State
from tests.unit.health.facts import DAY, HOUR, NOW, results

POLICY = ChartPolicy()


class Life:
    """A CI that reports once an hour, and its chart."""

    def __init__(self, policy=POLICY, seed=1, every=HOUR):
        self.chart, self.now = Chart(policy), NOW
        self.rng, self.every = random.Random(seed), every

    def live(self, n, rate):
        """``n`` results; how many it took to start or to stop firing, if it did."""
        before = self.chart.drop is not None
        for i in range(n):
            self.now += self.every
            self.chart.add(self.rng.random() < rate, self.now)
            if (self.chart.drop is not None) != before:
                return i + 1
        return None


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.9, 0.97, 0.995])
def test_a_ci_that_stays_as_it_is_is_no_news(rate):
    assert Life(seed=2).live(4000, rate) is None


@pytest.mark.parametrize(("rate", "within"), [(0.0, 5), (0.5, 40), (0.8, 400)])
def test_a_drop_is_noticed(rate, within):
    life = Life()
    assert life.live(1500, 0.9) is None
    began = life.now
    assert life.live(within, rate) is not None
    drop = life.chart.drop
    assert abs(drop.since - began) < within * HOUR
    assert drop.usual == pytest.approx(0.9, abs=0.03)
    assert drop.passes <= drop.n


def test_an_outage_and_its_end():
    life = Life()
    life.live(1500, 1)
    began = life.now
    assert life.live(9, 0) <= 5
    life.live(100, 0)
    assert life.chart.drop.since == began + HOUR
    assert life.chart.drop.n >= 100
    back = life.now
    assert life.live(9, 1) <= 5
    assert life.chart.settled_at == back + HOUR
    assert life.live(500, 1) is None


def test_nothing_is_unusual_before_something_is_usual():
    life = Life()
    life.live(90, 1)
    assert life.live(30, 0) is None
    assert not life.chart.rising


def test_half_way_is_rising():
    life = Life()
    life.live(600, 0.97)
    seen = []
    for _ in range(5):
        seen.append(life.chart.rising)
        if life.live(1, 0):
            break
    assert seen[0] is False
    assert seen[-1] is True
    assert not life.chart.rising


def test_a_drop_that_lasts_is_how_the_ci_is_now():
    life = Life(ChartPolicy(adopt=10 * DAY))
    life.live(1000, 0.95)
    assert life.live(200, 0.6) is not None
    noticed = life.now
    assert life.live(300, 0.6) is not None
    assert life.now - noticed <= 10 * DAY
    assert life.chart.settled_at is None
    assert life.chart.baseline.rate == pytest.approx(0.6, abs=0.08)
    assert life.live(800, 0.6) is None


def test_slow_decay_is_noticed_before_it_is_done():
    life = Life(every=DAY / 20)
    life.live(1500, 0.9)
    for day in range(30):
        if life.live(20, 0.9 - 0.01 * day):
            break
    assert life.chart.drop is not None
    assert day < 26


def test_clocks_that_go_back_do_no_harm():
    chart = Chart(POLICY)
    rng = random.Random(4)
    for i in range(2000):
        chart.add(rng.random() < 0.9, NOW + rng.uniform(-3, 3) * DAY + i * HOUR)
    assert chart.drop is None
    assert 0 < chart.baseline.limit < 20


def test_a_burst_of_results_only_raises_the_height():
    calm, hasty = Life(), Life(every=timedelta(milliseconds=360))
    calm.live(1000, 0.9)
    hasty.live(10_000, 0.9)
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
    fed = [(one, NOW + i * HOUR) for i, one in enumerate(passed)]
    cut = data.draw(st.integers(0, len(fed)))
    whole, half = Chart(POLICY), Chart(POLICY)
    whole.feed(fed)
    half.feed(fed[:cut])
    again = Chart.of(POLICY, json.loads(json.dumps(half.row())))
    again.feed(fed[cut:])
    assert again.row() == whole.row()
    assert again.drop == whole.drop


def test_what_was_not_stored_by_it_is_refused():
    row = Chart(POLICY).row()
    with pytest.raises(ValueError, match="2 runs were stored"):
        Chart.of(POLICY, row | {"runs": row["runs"][:2]})
    with pytest.raises(KeyError):
        Chart.of(POLICY, {})


@given(st.floats(0.1, 5000), st.floats(0.1, 5000), st.floats(0, 3))
def test_the_bound_lies_below_the_rate(passes, failures, z):
    bound = lower_bound(passes, failures, z)
    assert -1e-12 <= bound <= passes / (passes + failures) + 1e-12


def test_success_takes_a_change_from_the_chart():
    letters = "P" * 600 + "F" * 7
    judged = results(letters, every=HOUR)
    found = success(Policy().success, judged, NOW, charted(POLICY, judged))
    assert found.verdict is State.FAILING  # though 161 of 168 passed this week
    assert found.since == NOW - 6 * HOUR
    assert found.said == (
        "0 of 7 passed since 2026-11-23 06:00 UTC, 99.9 % before;"
        " 162 of 169 passed in 7 d where the reference passed"
    )
    assert [one.number for one in found.evidence] == list(range(1606, 1599, -1))


def test_success_is_well_again_five_passes_after_an_outage():
    judged = results("P" * 400 + "F" * 100 + "P" * 5, every=HOUR)
    chart = charted(POLICY, judged)
    found = success(Policy().success, judged, NOW, chart)
    assert (found.verdict, found.clears) == (State.HEALTHY, True)
    assert found.said == "5 of 5 passed in 4 h where the reference passed, since it recovered"


def test_the_chart_is_fed_first_attempts_where_the_reference_passed():
    good = results("P" * 300)
    bare = results("F" * 300, reference=None)
    unpaired = [replace(one, change_id=9000 + i) for i, one in enumerate(bare)]
    rechecked = [
        replace(one, posted_at=one.posted_at + 400 * HOUR, result=Result.FAIL) for one in good
    ]
    chart = charted(POLICY, good)
    assert charted(POLICY, [*rechecked, *unpaired, *good]).row() == chart.row()


def test_one_broken_change_is_one_observation():
    good = results("P" * 300)
    broken = [
        replace(one, change_id=7, patch_set=i, posted_at=one.posted_at + HOUR / 2)
        for i, one in enumerate(results("F" * 40))
    ]
    assert charted(POLICY, good + broken).drop is None
    assert charted(POLICY, good + broken).row() == charted(POLICY, good + broken[:1]).row()
    assert independent([*broken[:2], replace(broken[2], result=Result.PASS), *broken[3:5]]) == [
        broken[0],
        replace(broken[2], result=Result.PASS),
        broken[3],
    ]
