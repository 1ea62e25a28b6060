"""Who is judged when: news first, everybody every few minutes."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cibot.errors import Transient
from cibot.health.signal import Signal, read_signals, signals_json
from cibot.judging import monitor as monitors
from cibot.judging.monitor import Monitor, _due
from cibot.model import State
from cibot.store.cis import all_cis, ensure_ci
from cibot.store.engine import Store, StoreError
from cibot.store.incidents import StoredHealth
from cibot.store.set_aside import set_aside
from cibot.store.unjudged import put_unjudged, unjudged
from tests.support.processes import wait_until
from tests.support.scenario import CONFIG, NOON, Scenario


def test_a_round_over_all_cis_leaves_nothing_in_memory(scenario: Scenario) -> None:
    """Each judging makes another text, and of thirty CIs a round would keep thirty a minute."""
    scenario.well()
    scenario.judge()
    read_signals.cache_clear()
    scenario.monitor.judge_all()
    assert read_signals.cache_info().currsize == 0


def test_judge_all_finds_what_is_due(scenario: Scenario) -> None:
    scenario.change(times=3)
    heard: list[Any] = []
    scenario.monitor.heard = lambda ids, **_: heard.append(ids)  # type: ignore[method-assign]
    scenario.monitor.judge_all()
    assert heard == [{1, 2}]
    scenario.judge()
    scenario.now += timedelta(minutes=4)
    scenario.monitor.judge_all()
    assert heard[1] == set()
    scenario.now += timedelta(minutes=2)
    scenario.monitor.judge_all()
    assert heard[2] == {1, 2}


def test_one_that_is_half_way_to_silence_is_judged_at_every_tick(scenario: Scenario) -> None:
    """Silence comes without a report: nobody would wake the monitor when the deadline passes."""
    scenario.change(times=40)
    scenario.change(acme=None, times=3)
    assert scenario.judge() is State.HEALTHY
    scenario.change(acme=None)
    scenario.now += timedelta(minutes=1)
    scenario.poll()
    scenario.monitor.start()
    try:
        scenario.monitor.judge_all()
        wait_until(scenario.alerts, what="the alert")
    finally:
        scenario.monitor.stop(5)
    assert "silent" in scenario.alerts()[0]


def test_what_another_process_stored_is_judged_once_it_is_looked_for(scenario: Scenario) -> None:
    scenario.well()
    ids = {ci.id for ci in scenario.store.read(all_cis)}
    scenario.store.write(lambda tx: put_unjudged(tx, ids))
    scenario.monitor.judge_unjudged()
    assert scenario.store.read(unjudged) == set()
    taken = {scenario.monitor._next() for _ in ids}
    assert taken == {(ci_id, True) for ci_id in ids}
    scenario.monitor.judge_unjudged()
    assert scenario.monitor._next() is None
    scenario.monitor.judge_everybody()
    assert {scenario.monitor._next() for _ in ids} == {(ci_id, False) for ci_id in ids}


class Judged:
    """Judges in the monitor's place, and raises for the CIs that it is told to."""

    def __init__(self, raises: dict[int, Exception] | None = None) -> None:
        self.raises = raises or {}
        self.judged: list[int] = []

    def judge(self, ci_id: int) -> tuple[None, int]:
        self.judged.append(ci_id)
        if ci_id in self.raises:
            raise self.raises[ci_id]
        return None, 0


def monitor_of(store: Store, judging: Judged, **fields: Any) -> Monitor:
    monitor = Monitor(store, CONFIG, lambda: NOON, **fields)
    monitor._judge = judging  # type: ignore[assignment]
    return monitor


def try_next(monitor: Monitor) -> int | None:
    """Has it judge the next CI, and says which."""
    taken = monitor._next()
    if taken is None:
        return None
    monitor._try(*taken)
    return taken[0]


@pytest.mark.parametrize("error", [Transient("the database is away"), ValueError("odd")], ids=str)
def test_one_that_cannot_be_judged_waits_and_holds_up_no_other(
    store: Store, error: Exception
) -> None:
    judging = Judged({1: error})
    monitor = monitor_of(store, judging)
    assert monitor._nap() is None  # nobody waits
    monitor.heard({1, 2})
    assert monitor._nap() == 0
    assert [try_next(monitor) for _ in range(3)] == [1, 2, None]
    assert judging.judged == [1, 2]
    nap = monitor._nap()
    assert nap is not None
    assert nap > 0  # the first comes round again, and not at once


def test_what_raises_is_set_aside_by_name_and_taken_back_once_it_is_judged(store: Store) -> None:
    store.write(lambda tx: ensure_ci(tx, "Acme", "configured", NOON))
    judging = Judged({1: ValueError("odd"), 9: ValueError("nobody knows it")})
    monitor = monitor_of(store, judging)
    monitor.heard({1, 9})
    assert [try_next(monitor), try_next(monitor)] == [1, 9]
    aside = store.read(lambda tx: set_aside(tx, NOON))
    assert {row.name for row in aside} == {"Acme", "number 9"}
    judging.raises = {}
    monitor._try(1, False)
    assert {row.name for row in store.read(lambda tx: set_aside(tx, NOON))} == {"number 9"}


def test_a_database_that_is_away_hides_names_and_no_faults(store: Store) -> None:
    class Away(Store):
        def read(self, work: Any) -> Any:
            raise StoreError("away")

    assert monitor_of(Away(store.engine), Judged())._name(7) == "number 7"


def test_news_come_before_those_that_are_only_due(store: Store) -> None:
    monitor = monitor_of(store, Judged())
    monitor.heard({1, 2, 3}, news=False)
    monitor.heard({3})
    assert [monitor._next() for _ in range(4)] == [(3, True), (1, False), (2, False), None]


def test_who_does_not_lead_judges_nobody(store: Store) -> None:
    judging = Judged()
    leads = [False]
    monitor = monitor_of(store, judging, leads=lambda: leads[0])
    monitor.start()
    try:
        monitor.heard({1})
        wait_until(lambda: monitor._nap() is None, what="that it was taken")
        leads[0] = True
        monitor.heard({2})
        wait_until(lambda: judging.judged, what="that it is judged")
    finally:
        monitor.stop(5)
    assert judging.judged == [2]


@pytest.mark.parametrize(
    ("signals", "minutes"),
    [
        ([], 0),  # another version's
        ([Signal("success", State.HEALTHY)], 5),
        ([Signal("success", State.HEALTHY, rising=True)], 0),
        ([Signal("silent", State.UNKNOWN)], 0),
        ([Signal("silent", State.HEALTHY), Signal("level", State.UNKNOWN)], 5),
    ],
)
def test_when_one_that_says_nothing_is_judged_again(signals: list[Signal], minutes: int) -> None:
    health = StoredHealth(1, "healthy", NOON, NOON, signals_json(tuple(signals)))
    assert _due(health) == NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(("cis", "share"), [(1, 1 / 20), (4, 1 / 5), (10, 1 / 4), (60, 1 / 4)])
def test_judging_takes_a_quarter_of_the_time_at_most_whoever_writes(
    store: Store, monkeypatch: pytest.MonkeyPatch, cis: int, share: float
) -> None:
    clock = [1000.0]

    class Slow(Judged):
        def judge(self, ci_id: int) -> tuple[None, int]:
            clock[0] += 1
            return super().judge(ci_id)

    monkeypatch.setattr(monitors, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    judging = Slow()
    monitor = monitor_of(store, judging)
    while clock[0] < 3000:
        monitor.heard(set(range(1, cis + 1)))
        if try_next(monitor) is None:
            clock[0] += monitor._nap() or 0.0
        elif clock[0] < 2000:
            judging.judged.clear()  # each has been judged once before it rests
    assert len(judging.judged) / 1000 == pytest.approx(share, rel=0.15)
