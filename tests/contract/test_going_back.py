"""An incident keeps its number when a tracker goes back, because something came late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cibot.model import State
from tests.support.going_back import hear_of_an_upload, incidents
from tests.support.told_life import HOUR, Life


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
def test_an_incident_of_a_past_that_was_lived_in_one_go_keeps_its_number(
    life: Life, from_where: list[float], restarts: bool
) -> None:
    for _ in range(60):
        life.change()
    for _ in range(24):
        life.change(acme=False)
    assert life.judge() is State.FAILING  # all of it at once, as after a backfill
    before, steps, told = incidents(life), life.steps(), life.told()
    assert [one[2] for one in before].count("firing") >= 1
    for hours in (1, 3, 30):
        hear_of_an_upload(life, hours * HOUR)
        if restarts:
            life.restart()
        assert life.judge() is State.FAILING
        assert incidents(life) == before
        assert (life.steps(), life.told()) == (steps, told)
    near, later, far = sorted(from_where[1::2])  # the reference's life goes back each time, too
    assert HOUR < timedelta(seconds=near) < timedelta(seconds=later) < timedelta(seconds=far)
    assert timedelta(seconds=far) < timedelta(days=5), "it was lived anew from its beginning"
