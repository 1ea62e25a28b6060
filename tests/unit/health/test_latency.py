"""How long a CI takes, beside its own weeks before."""

from __future__ import annotations

import json

import pytest

from cibot.config.policy import LatencyPolicy
from cibot.health.facts import moment
from cibot.health.latency import LatencySignal
from cibot.health.seen import Fault
from cibot.incidents.signal_words import said
from cibot.model import State
from tests.unit.health.facts import DAY, D, H, T, took

POLICY = LatencyPolicy()


def fed(*times):
    kind = LatencySignal(POLICY, 28 * DAY)
    for each in sorted(event for many in times for event in many):
        kind.take(each)
    return kind


def latency(hours, now=T, **fields):
    return fed(took(hours, **fields)).signal(now)


def test_a_ci_that_takes_five_times_as_long_is_failing_by_its_latency():
    signal = latency([1.0] * 120 + [5.0] * 42)
    assert (signal.verdict, signal.n) == (State.DEGRADED, 40)
    assert signal.figure == pytest.approx(5.0, rel=0.05)  # on a scale of 5 % steps
    assert said(signal.seen).startswith(
        "half within 5 h of the upload, 95 % within 5 h in 7 days; 60 min"
    )
    assert signal.evidence[0].fault == Fault.SLOW
    assert abs(signal.since.timestamp() - (T - 41 * 4 * H)) < D


def test_three_times_is_degraded():
    assert latency([1.0] * 120 + [3.0] * 42).verdict is State.DEGRADED


def test_one_busy_afternoon_is_no_news():
    assert latency([1.0] * 140 + [9.0] * 14).verdict is State.DEGRADED  # 56 hours are three days
    packed = fed(took([1.0] * 140), took([9.0] * 20, T - 2 * D, H / 4), took([1.0] * 6))
    assert packed.signal(T).verdict is State.HEALTHY


def test_slow_is_what_is_slow_for_itself():
    assert latency([30.0] * 160).verdict is State.HEALTHY
    assert latency([0.02] * 120 + [0.2] * 42).verdict is State.HEALTHY


def test_too_few_accuse_nobody():
    assert latency([]).verdict is State.UNKNOWN
    assert latency([5.0] * 30).verdict is State.UNKNOWN
    assert said(latency([1.0] * 120, until=T - 8 * D).seen) == "no results in 7 days"


def test_it_is_well_again_after_a_surely_good_run():
    assert latency([1.0] * 120 + [5.0] * 16 + [1.0] * 3).verdict is State.DEGRADED
    signal = latency([1.0] * 120 + [5.0] * 16 + [1.0] * 26)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)


def test_what_is_usual_is_held_while_it_is_slow_and_becomes_it_after_four_weeks():
    slow = 6 * 45
    times = took([1.0] * 180 + [9.0] * slow)
    kind, seen = LatencySignal(POLICY, 28 * DAY), []
    for each in times:
        kind.take(each)
        seen.append((each.at, kind.standing(each.at, True)))
    began = times[180].at
    bad = [at for at, standing in seen if standing.bad]
    assert began < bad[0] < began + 4 * D
    assert {standing.bad for at, standing in seen if bad[0] <= at < bad[0] + 28 * D} == {True}
    after = [standing for at, standing in seen if at >= bad[0] + 28 * D]
    assert {(standing.verdict, standing.clears) for standing in after} == {(State.HEALTHY, True)}
    assert kind.signal(T).adopted == moment(bad[0] + 28 * D)
    again = LatencySignal(POLICY, 28 * DAY)
    again.read(json.loads(json.dumps(kind.row())))
    assert again.signal(T) == kind.signal(T)


@pytest.mark.parametrize("every", [4 * H, 12 * H])
def test_what_is_slow_for_four_weeks_is_usual_also_where_few_results_come(every):
    """At two a day a week is too short to say that it is slow, and no reason to call it well."""
    kind = fed(
        took([1.0] * 180, T - 40 * D),
        took([9.0] * 24, T - 36 * D),
        took([9.0] * round(33 * D / every), T, every),
    )
    signal = kind.signal(T)
    assert signal.adopted is not None
    assert "9 h in the weeks before" in said(signal.seen)


def test_the_end_says_what_came_since_and_not_what_was_slow():
    kind = LatencySignal(POLICY, 28 * DAY)
    times = [*took([1.0] * 180 + [12.0] * 60, T, 2 * H), *took([1.0] * 80, T + 80 * H, H)]
    ends = []
    for each in times:
        if each.at > T and kind.standing(each.at, True).clears:  # before it is taken in
            ends.append(said(kind.signal(each.at).seen))
        kind.take(each)
    assert "95 % within 60 min since it recovered" in ends[0]


def test_slow_stands_beside_the_time_of_before_the_trouble():
    """Three weeks slow: the weeks before are slow, too, and say nothing of why it is."""
    signal = fed(took([1.0] * 120, T - 20 * D), took([5.0] * 120)).signal(T)
    assert signal.verdict is State.DEGRADED
    assert "95 % within 5 h in 7 days; 60 min in the weeks before" in said(signal.seen)


def test_slow_is_half_way_until_it_is_so_on_enough_days():
    kind = fed(took([1.0] * 140, T - D), took([9.0] * 16, T, H))
    assert kind.standing(T, False).rising
    assert not fed(took([1.0] * 140, T - D), took([9.0, 1.0, 1.0], T, H)).standing(T, True).rising


def test_it_is_not_over_while_what_was_uploaded_in_the_slow_time_may_still_come():
    times = took([1.0] * 180 + [12.0] * 60, T, 2 * H)
    assert not fed(times, took([1.0] * 5, T + 10 * H, H)).signal(T + 10 * H).clears
    assert fed(times, took([1.0] * 80, T + 80 * H, H)).signal(T + 80 * H).clears


def test_it_is_not_over_before_as_many_days_as_it_took_to_be_slow():
    """Slow every night and quick by day, it would begin and end each day."""
    times = took([1.0] * 180 + [5.0] * 60, T, 2 * H)
    day = fed(times, took([1.0] * 60, T + 30 * H, H / 2)).standing(T + 30 * H, True)
    assert day[:3] == (State.HEALTHY, False, False)
    nights = [took([1.0] * 60 + [5.0] * 3, T + (1 + i) * 32 * H, H / 2) for i in range(4)]
    kind = fed(times)
    for each in (each for night in nights for each in night):
        kind.take(each)
        assert not kind.standing(each.at, True).clears


def test_what_was_slow_before_it_was_well_again_does_not_bring_it_back():
    """The week holds the slow time for days; its beginning and its end go by one figure."""
    kind, states = LatencySignal(POLICY, 28 * DAY), []
    slow, well, mixed = [5.0] * 16, [1.0] * 26, [5.0] + [1.0] * 7 + [5.0]
    for each in took([1.0] * 120 + slow + well + mixed):
        kind.take(each)
        states.append(kind.standing(each.at, True))
    bad = [place for place, standing in enumerate(states) if standing.bad]
    assert 120 < bad[0] < 136 <= bad[-1] < 120 + len(slow) + len(well)
    assert all(standing.clears for standing in states[-len(mixed) :])
    signal = kind.signal(T)
    assert signal.n < 60
    assert " since it recovered " in said(signal.seen)
    again = LatencySignal(POLICY, 28 * DAY)
    again.read(json.loads(json.dumps(kind.row())))
    assert again.signal(T) == signal


def test_it_is_slow_again_where_it_surely_is_since_it_was_well():
    times = took([1.0] * 120 + [5.0] * 16 + [1.0] * 26 + [5.0] * 16)
    signal = fed(times).signal(T)
    assert (signal.verdict, signal.clears) == (State.DEGRADED, False)
    assert signal.since.timestamp() >= times[162].at - 1
    assert not fed(times[:166]).standing(times[165].at, True).bad  # one afternoon


def test_that_it_was_well_says_nothing_a_week_later():
    times = took([1.0] * 120 + [5.0] * 16 + [1.0] * 26, T - 8 * D)
    assert fed(times).signal(T).verdict is State.UNKNOWN


def test_what_is_allowed_is_what_it_took_at_most():
    assert LatencySignal(POLICY, 28 * DAY).allowed(T) == D  # nothing is known
    assert fed(took([2.0] * 5)).allowed(T) == pytest.approx(4 * H, rel=0.06)
    assert fed(took([2.0] * 100 + [9.0] * 4)).allowed(T + D) == pytest.approx(9 * H, rel=0.06)
    assert fed(took([0.1] * 100)).allowed(T) == H
    assert fed(took([200.0] * 100)).allowed(T) == 3 * D


def test_reading_does_not_change_what_is_allowed_later():
    kind = fed(took([2.0] * 30, until=T, every=D))
    kind.allowed(T)
    for each in took([8.0] * 30, until=T + H, every=10):
        kind.take(each)
    again = LatencySignal(POLICY, 28 * DAY)
    again.read(json.loads(json.dumps(kind.row())))
    assert kind.allowed(T + 2 * H) == again.allowed(T + 2 * H)
    assert kind.allowed(T + 30 * H) == again.allowed(T + 30 * H)
    assert kind.signal(T + H) == again.signal(T + H)
