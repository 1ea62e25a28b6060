"""What a tracker found takes the place of what was thought before, with what people did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from cibot.config.judgement import Policy
from cibot.incidents.incident import Incident, Notified, Part, Phase
from cibot.incidents.stored import columns, read_incident
from cibot.incidents.symptom import Family
from cibot.incidents.tracker import Tracker
from cibot.judging.recording import record
from cibot.judging.trackers import Advanced
from cibot.model import Channel, State
from cibot.store import outbox, schema
from cibot.store.digests import fold
from cibot.store.engine import Store, Tx
from cibot.store.incidents import (
    StoredIncident,
    add_incident,
    changed_since,
    incident_by_id,
    incidents_before,
    incidents_during,
    incidents_of,
    merged_numbers,
)
from cibot.store.outbox import About, MessageKind, MessageState
from cibot.text.card import Button, Card, incident_span, line
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import cleared, incident, symptom

ROOM = Channel("net", "#ops")
KNOWN = Notified((Part(Family.RESULTS, State.DEGRADED),), State.DEGRADED, "success", 1, NOW)


def opened(hours: int, *, over: bool, count: int) -> Incident:
    """One that began so many hours after `NOW`, and of which people know."""
    began = NOW + hours * HOUR
    seen = symptom(came_at=began, since=began)
    notified = replace(KNOWN, since=began, over=over, count=count)
    made = incident(cleared(seen, began + HOUR) if over else seen, id=None, notified=notified)
    return replace(made, began_at=began, opened_at=began, changed_at=began)


def add(store: Store, incident: Incident) -> int:
    """Stores an incident, and a message for each time that people heard of it."""

    def write(tx: object) -> int:
        number = add_incident(tx, StoredIncident(0, 7, **columns(incident)))  # type: ignore[arg-type]
        assert incident.notified is not None
        for count in range(1, incident.notified.count + 1):
            about = About(MessageKind.ALERT, f"incident:{number}:{count}:x", number, "opened")
            buttons = (Button("Ack", ("ack", str(number))),)
            lines = (line("incident ", incident_span(number)),)
            card = Card(lines, incident=number, buttons=buttons)
            outbox.enqueue(tx, about, ROOM, card.to_json(), NOW)  # type: ignore[arg-type]
        return number

    return store.write(write)


def _fold(tx: Tx, number: int) -> None:
    """Has a digest tell of the message of an incident, beside that of another one."""
    card = Card((line(incident_span(number), ", ", incident_span(99)),)).to_json()
    digest = About(MessageKind.DIGEST, "digest")
    assert fold(tx, f"incident:{number}:1:x", digest, ROOM, NOW, NOW, lambda _cards: card)


def test_incidents_that_were_one_take_their_messages_along(store: Store) -> None:
    early, late = (
        add(store, opened(0, over=True, count=2)),
        add(store, opened(2, over=False, count=1)),
    )
    sent = schema.outbox
    store.write(lambda tx: _fold(tx, late))
    scenario = Tracker(Policy())
    scenario.at = (NOW + 9 * HOUR).timestamp()
    whole = replace(opened(0, over=False, count=0), notified=None)
    scenario.keep(replace(whole, began_at=NOW - timedelta(minutes=1)))
    since = (NOW - HOUR).timestamp()
    [recorded] = store.write(lambda tx: record(tx, 7, Advanced(scenario, since, True, []), ()))
    assert recorded.stored.id == early
    survivor = store.read(lambda tx: incident_by_id(tx, late))
    assert survivor is not None
    assert survivor.id == early
    for rows in (
        lambda tx: incidents_before(tx, ci_id=7, open_only=False, before=None, limit=9),
        lambda tx: changed_since(tx, 7, NOW - HOUR, [late]),
        lambda tx: incidents_during(tx, NOW - HOUR, NOW + 99 * HOUR),
    ):
        assert [row.id for row in store.read(rows)] == [early]
    assert add(store, opened(30, over=True, count=0)) > late  # no number stands for two
    rows = store.read(lambda tx: tx.execute(select(sent).order_by(sent.c.id)).all())
    assert [row.incident_id for row in rows] == [early, early, early, None]
    merged = store.read(lambda tx: merged_numbers(tx, [early, late]))
    assert merged == {late: early}
    waiting, digest = (Card.from_json(row.card).renumbered(merged) for row in rows[-2:])
    assert (waiting.incident, waiting.buttons[0].words) == (early, ("ack", str(early)))
    assert waiting.text() == f"incident #{early}"
    assert digest.text() == f"#{early}, #99"  # what tells of it has the number too
    [row] = store.read(lambda tx: incidents_of(tx, 7))
    notified = read_incident(row.body, row.id).notified
    assert notified is not None
    assert (notified.over, notified.count) == (
        False,
        3,
    )  # so that no later message takes an old key
    assert row.state == Phase.FIRING
    assert MessageState.PENDING in {row.state for row in rows}
    assert store.read(lambda tx: outbox.rooms_of(tx, early)) == {ROOM}
