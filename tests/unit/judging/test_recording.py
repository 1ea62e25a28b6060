"""Which stored incident is which, when a past was judged again, and what is taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cibot.config.judgement import Policy
from cibot.incidents.incident import Incident, Notified, Part, Phase, Transition
from cibot.incidents.stored import columns, read_incident
from cibot.incidents.symptom import Family
from cibot.incidents.tracker import IncidentStep, Tracker
from cibot.judging.recording import Recorded, record
from cibot.judging.trackers import Advanced
from cibot.model import State
from cibot.store.engine import Store
from cibot.store.incidents import StoredIncident, add_incident, incidents_of, transitions_of
from tests.unit.health.facts import DAY, HOUR, NOW
from tests.unit.incidents.making import cleared, incident, symptom

CI = 7
KNOWN = Notified((Part(Family.RESULTS, State.DEGRADED),), State.DEGRADED, "success", 1, NOW)
HEARD = replace(KNOWN, count=1)


def at(hours: float, *, lasts: float | None = None, heard: Notified | None = None) -> Incident:
    """One that began so many hours after `NOW`, and is over where it ``lasts`` some."""
    began = NOW + hours * HOUR
    seen = symptom(came_at=began, since=began)
    if lasts is not None:
        seen = cleared(seen, began + lasts * HOUR)
    made = incident(seen, id=None, notified=heard)
    return replace(made, began_at=began, opened_at=began, changed_at=began)


def add(store: Store, made: Incident) -> int:
    return store.write(lambda tx: add_incident(tx, StoredIncident(0, CI, **columns(made))))


def recorded(
    store: Store, *made: Incident, since: float = -1, until: float = 999
) -> list[Recorded]:
    """Records that judging from ``since`` (hours) on found these, each with a step."""
    scenario = Tracker(Policy())
    scenario.at = (NOW + until * HOUR).timestamp()
    steps = [
        IncidentStep(incident, Transition("opened", incident.began_at, incident.severity))
        for incident in made
    ]
    begun = (NOW + since * HOUR).timestamp()
    return store.write(lambda tx: record(tx, CI, Advanced(scenario, begun, True, steps), ()))


def stored(store: Store) -> list[Incident]:
    return [
        read_incident(row.body, row.id)
        for row in store.read(lambda tx: incidents_of(tx, CI, resolved_since=NOW - 99 * DAY))
    ]


@pytest.mark.parametrize(("hours", "same"), [(0, True), (3 * 24, True), (8 * 24, False)])
def test_the_nearest_within_a_week_is_the_same(store: Store, hours: float, same: bool) -> None:
    number = add(store, at(0, lasts=1, heard=HEARD))
    nearest = recorded(store, at(hours, lasts=1))[-1]
    assert (nearest.stored.id == number) is same


def test_of_those_of_one_time_the_earliest_number_stays(store: Store) -> None:
    first = add(store, at(0, lasts=2, heard=HEARD))
    add(store, at(3, lasts=2, heard=HEARD))
    [nearest] = recorded(store, at(-0.5, lasts=9))
    assert nearest.stored.id == first
    [left] = stored(store)
    assert left.notified is not None
    assert left.notified.count == 2  # people heard of both


def test_two_that_are_near_keep_their_numbers_apart(store: Store) -> None:
    numbers = [add(store, at(0, lasts=1)), add(store, at(48, lasts=1))]
    both = recorded(store, at(2, lasts=1), at(50, lasts=1))
    assert [record.stored.id for record in both] == numbers


def test_what_nobody_heard_of_is_gone_without_a_trace(store: Store) -> None:
    add(store, at(0, lasts=1))
    [gone] = recorded(store)
    assert (gone.incident.phase, gone.last) == (Phase.WITHDRAWN, None)
    assert stored(store) == []


def test_what_people_heard_of_is_withdrawn_with_a_step_and_once(store: Store) -> None:
    number = add(store, at(0, heard=HEARD))
    [gone] = recorded(store, until=5)
    assert gone.last is not None
    assert (gone.stored.id, gone.last.name) == (number, "withdrawn")
    assert gone.incident.resolved_at == NOW + 5 * HOUR
    recorded(store, until=6)
    names = [step.name for step in store.read(lambda tx: transitions_of(tx, number))]
    assert names == ["withdrawn"]


def test_what_was_before_the_part_that_was_judged_again_stays(store: Store) -> None:
    add(store, at(0, lasts=1))
    assert recorded(store, since=2) == []
    assert len(stored(store)) == 1


def test_a_suspicion_that_came_to_nothing_leaves_no_row(store: Store) -> None:
    pending = replace(at(0), phase=Phase.PENDING, opened_at=None)
    number = add(store, pending)
    assert recorded(store, replace(pending, id=number, phase=Phase.DROPPED)) == []
    assert recorded(store, replace(at(20), phase=Phase.DROPPED)) == []
    assert stored(store) == []


def test_what_people_did_with_it_stays_with_it(store: Store) -> None:
    acknowledged = replace(at(0, heard=HEARD), acknowledged_by="Mika", acknowledged_at=NOW + HOUR)
    add(store, acknowledged)
    [nearest] = recorded(store, at(0.5))
    assert (nearest.incident.acknowledged_by, nearest.incident.notified) == ("Mika", HEARD)
