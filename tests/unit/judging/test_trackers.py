"""A tracker that goes back and on again gives what it gave before."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from cibot.incidents.tracker import Tracker
from cibot.judging import trackers
from cibot.judging.trackers import spread_stored
from cibot.model import State
from cibot.store import schema
from cibot.store.checkpoints import forget_checkpoints
from tests.support.going_back import hear_at_once, incidents
from tests.support.scenario import NOON, Scenario


def test_what_is_said_in_the_second_that_was_just_judged_is_not_late(
    scenario: Scenario, from_where: list[float]
) -> None:
    """Gerrit's times are whole seconds: a comment is always heard a little later."""
    scenario.change(times=5)
    scenario.now += timedelta(seconds=0.7)
    scenario.poll()  # the feed was heard in the middle of a second
    scenario.judge()
    begun = scenario.now
    scenario.now = begun.replace(microsecond=0)
    hear_at_once(scenario, 0.9)
    scenario.judge()
    assert from_where == []
    scenario.now = begun - timedelta(seconds=10)
    hear_at_once(scenario, 12)  # and what was written before is
    scenario.judge()
    assert from_where != []


@pytest.mark.no_cover  # tracing would triple its time; shorter tests cover each line
def test_a_ci_that_writes_every_second_goes_back_by_seconds(
    scenario: Scenario, from_where: list[float]
) -> None:
    """Its newest second is never over when it is judged: each time something in it is late."""
    scenario.well()
    scenario.judge()
    begun = scenario.now
    for second in range(40):
        for heard_after in (0.4, 0.6):
            scenario.now = begun + timedelta(seconds=second)
            hear_at_once(scenario, heard_after)
            scenario.judge()
    assert len(from_where) >= 40
    assert max(from_where[10:]) <= 8  # before it was silent


def test_one_that_is_judged_in_the_middle_of_a_second_goes_back_behind_that_second(
    scenario: Scenario, from_where: list[float]
) -> None:
    """Not to the judging before, however long ago that was."""
    scenario.well()
    scenario.judge()
    begun = scenario.now
    for minute in range(6):
        scenario.now = begun + timedelta(minutes=minute)
        hear_at_once(scenario, 0.4)
        scenario.judge()
        scenario.now = begun + timedelta(minutes=minute)
        hear_at_once(scenario, 0.6)  # judged with the next
    assert len(from_where) == 5
    assert max(from_where[1:]) <= 2


@pytest.mark.parametrize("full", [1, 7, 50])
def test_it_is_all_one_in_how_many_goes_a_past_is_lived_through(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, full: int
) -> None:
    for passed, times in ((True, 60), (False, 12), (True, 30)):
        scenario.change(acme=passed, times=times)
    ends: list[float] = []
    advance = Tracker.advance

    def noted(self: Tracker, inputs: Any, until: float, places: Any) -> None:
        ends.append(until)
        advance(self, inputs, until, places)

    monkeypatch.setattr(Tracker, "advance", noted)
    assert scenario.judge() is State.HEALTHY
    before, goes = (incidents(scenario), scenario.steps(), scenario.alerts()), len(ends)
    assert before[0]
    scenario.store.write(forget_checkpoints)
    scenario.restart()
    monkeypatch.setattr(trackers, "_FULL", full)
    monkeypatch.setattr(trackers, "_LITTLE", 0.0)
    read: list[bytes] = []
    unpack = trackers.unpack
    monkeypatch.setattr(trackers, "unpack", lambda row: (read.append(row), unpack(row))[1])
    assert scenario.judge() is State.HEALTHY
    assert len(ends) - goes > goes
    most_of_a_ci = trackers._IN_MEMORY + len(trackers._STOPS)  # none that is dropped
    assert len(read) <= 2 * most_of_a_ci
    assert (incidents(scenario), scenario.steps(), scenario.alerts()) == before


def test_a_checkpoint_that_cannot_be_read_is_made_again(
    scenario: Scenario, caplog: pytest.LogCaptureFixture
) -> None:
    scenario.well()
    scenario.breaks()
    state = scenario.judge()
    before = incidents(scenario), scenario.steps(), scenario.alerts()
    scenario.store.write(
        lambda tx: tx.execute(schema.metadata.tables["checkpoint"].update().values(body=b"no"))
    )
    scenario.restart()
    with caplog.at_level(logging.ERROR):
        assert scenario.judge() is state
    assert any("a checkpoint cannot be read" in text for text in caplog.messages)
    assert (incidents(scenario), scenario.steps(), scenario.alerts()) == before


def test_what_was_judged_is_not_late_after_a_restart(
    scenario: Scenario, from_where: list[float]
) -> None:
    """Nor is it in a process that hashes texts in another way."""
    scenario.breaks()
    state, before = scenario.judge(), (incidents(scenario), scenario.steps(), scenario.alerts())
    scenario.restart()
    assert scenario.judge() is state
    assert from_where == []
    assert (incidents(scenario), scenario.steps(), scenario.alerts()) == before
    assert trackers._hash("report", NOON, 2, 3 << 40) == 3361880893656061486
    scenario.now -= timedelta(minutes=5)
    hear_at_once(scenario, 600)
    scenario.restart()
    scenario.judge()
    assert from_where


def test_more_cis_than_memory_holds_are_judged_from_their_checkpoints(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "_MOST_LOADED", 1)
    scenario.well()
    scenario.breaks()
    assert scenario.judge() is State.FAILING
    steps = scenario.steps()
    for _ in range(3):
        scenario.now += timedelta(minutes=1)
        scenario.poll()
        assert scenario.judge() is State.FAILING
    assert scenario.steps() == steps


def test_what_memory_and_store_keep_is_the_sparser_the_older() -> None:
    minutes = [60.0 * place for place in range(600)]
    sparse = [minutes[place] for place in trackers._spread(minutes, minutes[-1])]
    assert len(sparse) <= 8
    assert sparse[-1] == minutes[-1]
    back = [minutes[-1] - at for at in sparse]
    assert all(older < 5 * newer for older, newer in pairwise(back) if newer)
    times = [NOON - timedelta(hours=hours) for hours in range(500)]
    spread = sorted(spread_stored(times, NOON))
    assert spread[-1] == NOON
    assert len(spread) <= 10
    ages = [NOON - at for at in spread]
    assert all(older <= 3 * newer for older, newer in pairwise(ages) if newer)
