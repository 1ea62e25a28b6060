"""A life that goes back and on again, because something came late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cibot.incidents.tracker import Tracker
from cibot.judging import trackers
from cibot.judging.trackers import Trackers
from cibot.model import Change, Message, PatchSet, State
from cibot.store import schema
from cibot.store.checkpoints import forget_checkpoints
from cibot.store.engine import Store
from tests.support.told_life import ACME, HOUR, ZUUL, Life, comment


@pytest.fixture
def life(store: Store) -> Life:
    return Life(store)


def hear_of_an_upload(life: Life, ago: timedelta) -> None:
    """The reference's comment is the first that is heard of a patch set, long after it came."""
    number, uploaded = 1000 + life.changes, life.now - ago
    life.changes += 1
    life.now += timedelta(minutes=1)
    said = Message(life.now, comment(True), ZUUL, 1, message_id=f"late-{number}")
    late = Change(
        number, "demo", "master", "S", "NEW", uploaded, life.now, (said,), (PatchSet(1, uploaded),),
        complete=True,
    )  # fmt: skip
    life.hear([late])


def hear_at_once(life: Life, seconds: float) -> None:
    """Acme's comment is heard so many seconds after it was written, as by a webhook."""
    life.changes += 1
    number, written = 2000 + life.changes, life.now
    life.now += timedelta(seconds=seconds)
    said = Message(written, comment(True), ACME, 1, message_id=f"now-{number}")
    late = Change(number, "demo", "master", "S", "NEW", written, written, (said,))
    life.hear([late])


def incidents(life: Life) -> list[tuple[Any, ...]]:
    table = schema.incident.c
    query = select(table.id, table.severity, table.state, table.opened_at).order_by(table.id)
    return [tuple(row) for row in life.store.read(lambda tx: tx.execute(query).all())]


@pytest.fixture
def from_where(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds back each state lay that a life went back to; 0 where it began anew."""
    found: list[float] = []
    back = Trackers._back

    def noted(self: Trackers, tx: Any, kept: Any, *rest: Any) -> Any:
        earlier = back(self, tx, kept, *rest)
        found.append(kept.life.at - earlier.life.at if earlier.life.at else 0.0)
        return earlier

    monkeypatch.setattr(Trackers, "_back", noted)
    return found


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


def test_what_is_said_in_the_second_that_was_just_judged_is_not_late(
    life: Life, from_where: list[float]
) -> None:
    """Gerrit's times are whole seconds: a comment is always heard a little later."""
    for _ in range(5):
        life.change()
    life.now += timedelta(seconds=0.7)
    life.hear()  # the feed was heard in the middle of a second
    life.judge()
    begun = life.now
    life.now = begun.replace(microsecond=0)
    hear_at_once(life, 0.9)
    life.judge()
    assert from_where == []
    life.now = begun - timedelta(seconds=10)
    hear_at_once(life, 12)  # and what was written before is
    life.judge()
    assert from_where != []


@pytest.mark.parametrize("full", [1, 7, 50])
def test_it_is_all_one_in_how_many_goes_a_past_is_lived_through(
    life: Life, monkeypatch: pytest.MonkeyPatch, full: int
) -> None:
    for passed, times in ((True, 60), (False, 12), (True, 30)):
        for _ in range(times):
            life.change(acme=passed)
    ends: list[float] = []
    lived = Tracker.live

    def noted(self: Tracker, inputs: Any, until: float, places: Any) -> None:
        ends.append(until)
        lived(self, inputs, until, places)

    monkeypatch.setattr(Tracker, "live", noted)
    assert life.judge() is State.HEALTHY
    before, goes = (incidents(life), life.steps(), life.told()), len(ends)
    assert before[0]
    life.store.write(forget_checkpoints)
    life.restart()
    monkeypatch.setattr(trackers, "_FULL", full)
    monkeypatch.setattr(trackers, "_LITTLE", 0.0)
    assert life.judge() is State.HEALTHY
    assert len(ends) - goes > goes
    assert (incidents(life), life.steps(), life.told()) == before
