from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.config.policy import IncidentPolicy
from cibot.errors import UserError
from cibot.health.signal import Evidence, Signal
from cibot.incidents.incident import Incident, Phase, acknowledge, holding, step
from cibot.incidents.incidentrow import incident_from_row, incident_row
from cibot.model import State
from tests.unit.health.facts import DAY, HOUR, NOW

POLICY = IncidentPolicy()
SEEN = (Evidence("failed", 1, 1, 1, NOW),)
GOOD = Signal("success", State.HEALTHY, clears=True, said="30 of 30 passed")
BORDER = Signal("success", State.HEALTHY, said="25 of 31 passed")
HALF = Signal("success", State.HEALTHY, rising=True)
BAD = Signal("success", State.DEGRADED, 0.6, 0.5, 0.7, 40, said="24 of 40 passed", evidence=SEEN)
WORSE = replace(BAD, verdict=State.FAILING, said="9 of 40 passed")
UNKNOWN = Signal("success", State.UNKNOWN)


def live(*signals, start=None, every=HOUR):
    """Steps through the signals an hour apart; the incident and the names of the steps."""
    incident, names = start, []
    for i, signal in enumerate(signals):
        incident, taken = step(incident, signal, NOW + i * every, POLICY)
        if taken:
            names.append(taken.name if taken.told else f"({taken.name})")
    return incident, names


def test_nothing_wrong_opens_nothing():
    assert live(GOOD, BORDER, UNKNOWN) == (None, [])


def test_an_incident_opens_once_and_stays():
    incident, names = live(BAD, BAD, BAD)
    assert names == ["opened"]
    assert (incident.phase, incident.severity, incident.opened_at) == (
        Phase.FIRING,
        State.DEGRADED,
        NOW,
    )
    assert (incident.kind, incident.said, incident.first_evidence) == (
        "success",
        "24 of 40 passed",
        SEEN,
    )
    assert incident.id is None


def test_half_way_is_pending_and_told_to_nobody():
    incident, names = live(HALF, HALF, BAD)
    assert names == ["(pending)", "opened"]
    assert incident.opened_at == NOW + 2 * HOUR
    assert live(HALF, GOOD)[1] == ["(pending)", "(dropped)"]
    assert live(HALF, GOOD, BAD)[1] == ["(pending)", "(dropped)", "opened"]


def test_worse_is_an_update_and_not_a_second_incident():
    incident, names = live(BAD, WORSE, WORSE, BAD)
    assert names == ["opened", "escalated"]
    assert (incident.opened_at, incident.began_at) == (NOW, NOW)
    assert incident.severity is State.FAILING  # the worst since it opened
    assert incident.said == "24 of 40 passed"
    assert incident.reopened == 0


def test_the_border_does_not_flap():
    incident, names = live(BAD, BORDER, BAD, BORDER, BAD)
    assert names == ["opened", "(recovering)", "(relapsed)", "(recovering)", "(relapsed)"]
    assert incident.phase is Phase.FIRING


def test_it_resolves_when_surely_well():
    incident, names = live(BAD, BORDER, GOOD)
    assert names == ["opened", "(recovering)", "resolved"]
    assert (incident.phase, incident.resolved_at, incident.open) == (
        Phase.RESOLVED,
        NOW + 2 * HOUR,
        False,
    )
    assert live(BAD, GOOD)[1] == ["opened", "resolved"]


def test_unknown_neither_opens_nor_ends():
    incident, names = live(BAD, UNKNOWN, UNKNOWN)
    assert (names, incident.phase) == (["opened"], Phase.FIRING)


def test_back_within_a_day_it_is_the_same_incident():
    first = replace(live(BAD, GOOD)[0], id=5)
    again, taken = step(first, BAD, NOW + DAY, POLICY)
    assert (taken.name, again.id, again.reopened, again.opened_at) == ("reopened", 5, 1, NOW)
    assert (again.open, again.resolved_at) == (True, None)
    new, taken = step(first, BAD, NOW + 2 * DAY, POLICY)
    assert (taken.name, new.id, new.opened_at) == ("opened", None, NOW + 2 * DAY)
    assert (again.began_at, new.began_at) == (NOW, NOW + 2 * DAY)


def test_half_way_back_it_can_still_reopen():
    incident, names = live(BAD, GOOD, HALF, HALF, BAD)
    assert names == ["opened", "resolved", "reopened"]
    assert incident.reopened == 1


def test_one_that_keeps_coming_back_must_stay_well_for_longer():
    assert [holding(POLICY, n) for n in range(8)] == [
        timedelta(hours=h) for h in (0, 1, 2, 4, 8, 16, 24, 24)
    ]
    _, names = live(*[BAD, GOOD] * 24)
    assert names.count("reopened") < 4
    assert names.count("resolved") < 4


def test_acknowledging():
    incident = live(BAD)[0]
    taken, transition = acknowledge(incident, "ann", "disk full", NOW + HOUR)
    assert (taken.phase, taken.acknowledged_by, taken.note) == (
        Phase.ACKNOWLEDGED,
        "ann",
        "disk full",
    )
    assert transition.reason == "acknowledged by ann: disk full"
    with pytest.raises(UserError, match="already"):
        acknowledge(taken, "ann", "disk full", NOW)
    _, names = live(BORDER, BAD, WORSE, start=taken)
    assert names == ["(recovering)", "(relapsed)", "escalated"]
    assert live(BORDER, BAD, start=taken)[0].phase is Phase.ACKNOWLEDGED


def test_what_is_over_or_never_opened_cannot_be_acknowledged():
    with pytest.raises(UserError, match="is over"):
        acknowledge(live(BAD, GOOD)[0], "ann", None, NOW)
    with pytest.raises(UserError, match="not opened yet"):
        acknowledge(live(HALF)[0], "ann", None, NOW)


_READINGS = st.lists(st.sampled_from([GOOD, BORDER, HALF, BAD, WORSE, UNKNOWN]), max_size=40)


@given(_READINGS)
def test_any_history_makes_sense(signals):
    incident: Incident | None = None
    for i, signal in enumerate(signals):
        before = incident
        incident, taken = step(before, signal, NOW + i * HOUR, POLICY)
        if taken and taken.told:
            assert incident.opened_at is not None
        if incident is not None:
            assert (incident.resolved_at is None) == incident.open
            assert (incident.phase is Phase.RECOVERING) == (incident.recovering_at is not None)
            row = json.loads(json.dumps(incident_row(incident)))
            assert incident_from_row(row, incident.id) == incident
        if signal.verdict in (State.DEGRADED, State.FAILING):
            assert incident.phase is Phase.FIRING
            assert incident.severity.rank <= signal.verdict.rank
        again, second = step(incident, signal, NOW + i * HOUR, POLICY)
        assert second is None or second.name == "recovering"
        assert again is None or again.id == (incident.id if incident else None)
