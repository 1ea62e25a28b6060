"""An incident keeps its number when a tracker goes back, because something came late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cibot.model import State
from cibot.store.checkpoints import forget_checkpoints
from tests.support.going_back import hear_of_an_upload, incidents
from tests.support.scenario import HOUR, Scenario


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
def test_an_incident_of_a_past_that_was_lived_in_one_go_keeps_its_number(
    scenario: Scenario, from_where: list[float], restarts: bool
) -> None:
    scenario.change(times=60)
    scenario.change(acme=False, times=24)
    assert scenario.judge() is State.FAILING  # all of it at once, as after a backfill
    before, steps, alerts = incidents(scenario), scenario.steps(), scenario.alerts()
    assert [incident[2] for incident in before].count("firing") >= 1
    for hours in (1, 3, 30):
        hear_of_an_upload(scenario, hours * HOUR)
        if restarts:
            scenario.restart()
        assert scenario.judge() is State.FAILING
        assert incidents(scenario) == before
        assert (scenario.steps(), scenario.alerts()) == (steps, alerts)
    near, later, far = sorted(from_where[1::2])  # the reference's tracker goes back each time, too
    assert HOUR < timedelta(seconds=near) < timedelta(seconds=later) < timedelta(seconds=far)
    assert timedelta(seconds=far) < timedelta(days=5), "it was replayed from its beginning"


def test_an_upload_of_which_the_first_report_tells_is_not_late(
    scenario: Scenario, from_where: list[float]
) -> None:
    """Where a reference judges, a patch set says nothing before somebody reported on it."""
    for number in range(60):
        scenario.now += timedelta(hours=3)
        scenario.change(acme=number < 50)
        if number in {10, 59}:
            scenario.judge()
    from_where.clear()
    for hours in (1, 3, 30):
        hear_of_an_upload(scenario, timedelta(hours=hours))
        state = scenario.judge()
    assert len(from_where) == 3  # the reference's own: nobody but it need have reported first
    before = state, incidents(scenario), scenario.steps(), scenario.alerts()
    scenario.store.write(forget_checkpoints)
    scenario.restart()
    assert (scenario.judge(), incidents(scenario), scenario.steps(), scenario.alerts()) == before
