"""Incidents as the store keeps them: all of it comes back, and what cannot be read is left out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import pytest

from cibot.health.seen import EarlierWords
from cibot.incidents.incident import Transition
from cibot.incidents.stored import (
    incident_json,
    incident_values,
    read_incident,
    read_seen,
    readable,
    step_columns,
)
from cibot.model import State
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import SEEN, cleared, incident, symptom


@dataclass
class Row:
    id: int
    body: str


FULL = incident(
    symptom(evidence=SEEN, first_evidence=SEEN),
    cleared(symptom("job"), NOW + HOUR),
    acknowledged_by="Mika",
    acknowledged_at=NOW,
    note="new disks",
)


def test_an_incident_comes_back_as_it_was_with_the_stores_number() -> None:
    assert read_incident(incident_json(FULL), 5) == replace(FULL, id=5)
    assert incident_values(FULL)["id"] == FULL.id


def test_one_that_cannot_be_read_is_named_and_keeps_no_other_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        incidents = list(readable([Row(1, "{}"), Row(2, incident_json(FULL)), Row(3, "no JSON")]))
    assert [(row.id, incident.id) for row, incident in incidents] == [(2, 2)]
    assert [
        text for text in caplog.messages if "id=1 " in text or "id=3 " in text
    ] == caplog.messages
    with pytest.raises(ValueError, match="incident #7 cannot be read"):
        read_incident("{}", 7)


def test_what_a_step_saw_comes_back_and_another_versions_is_nothing() -> None:
    step = Transition("opened", NOW, State.FAILING, seen=EarlierWords("5 of 25"))
    assert read_seen(step_columns(step)["seen"]) == step.seen
    assert read_seen(None) is None
    assert read_seen('{"kind": "of another version"}') is None
    assert read_seen("no JSON") is None
