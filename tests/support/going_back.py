"""What is heard late of a history, and how far back judging went for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cibot.judging.trackers import Trackers
from cibot.model import Change, Message, PatchSet
from cibot.store import schema
from tests.support.scenario import ACME, ZUUL, Scenario, comment


def hear_of_an_upload(scenario: Scenario, ago: timedelta) -> None:
    """The reference's comment is the first that is heard of a patch set, long after it came."""
    number, uploaded = 1000 + scenario.changes, scenario.now - ago
    scenario.changes += 1
    scenario.now += timedelta(minutes=1)
    said = Message(scenario.now, comment(True), ZUUL, 1, message_id=f"late-{number}")
    late = Change(
        number, "demo", "master", "S", "NEW", uploaded, scenario.now, (said,),
        (PatchSet(1, uploaded),),
        complete=True,
    )  # fmt: skip
    scenario.poll([late])


def hear_at_once(scenario: Scenario, seconds: float) -> None:
    """Acme's comment is heard so many seconds after it was written, as by a webhook."""
    scenario.changes += 1
    number, written = 2000 + scenario.changes, scenario.now
    scenario.now += timedelta(seconds=seconds)
    said = Message(written, comment(True), ACME, 1, message_id=f"now-{number}")
    late = Change(number, "demo", "master", "S", "NEW", written, written, (said,))
    scenario.poll([late])


def incidents(scenario: Scenario) -> list[tuple[Any, ...]]:
    table = schema.incident.c
    query = select(table.id, table.severity, table.state, table.opened_at).order_by(table.id)
    return [tuple(row) for row in scenario.store.read(lambda tx: tx.execute(query).all())]


@pytest.fixture
def from_where(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds back judging went, each time; 0 for a replay from the start."""
    seconds: list[float] = []
    back = Trackers._back

    def noted(self: Trackers, tx: Any, checkpoint: Any, *rest: Any) -> Any:
        earlier = back(self, tx, checkpoint, *rest)
        seconds.append(checkpoint.tracker.at - earlier.tracker.at if earlier.tracker.at else 0.0)
        return earlier

    monkeypatch.setattr(Trackers, "_back", noted)
    return seconds
