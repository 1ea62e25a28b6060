"""Changes that not everybody sees: what events told of them is not stored, or is gone at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Column, select

from cibot.demo.reviews import Info
from cibot.model import Change, Channel, Message, PatchSet, State
from cibot.outbox.sender import late_card
from cibot.store import digests, outbox, schema
from cibot.store.cis import all_cis
from cibot.store.engine import Store, Tx
from cibot.store.hiding import rewrite_cards
from cibot.store.histories import KNOWN, arrived
from cibot.text.card import Card, run_line
from cibot.webhooks.gerrit import MOUNT, Hook
from tests.support.confirming import FAILED, World
from tests.support.faces import client
from tests.support.history import NOW
from tests.support.hooked import Hooked
from tests.support.scenario import ACME, CONFIG, HOUR, ZUUL, Scenario, comment


def private(event: Info) -> Info:
    return event | {"change": event["change"] | {"private": True}}


def test_private_events_are_dropped(world: World) -> None:
    event = world.comment(world.change())
    world.tell(private(event))
    assert world.counts() == (0, 0, 0, 0, 0)


def test_a_change_made_private_is_gone_at_once_and_stays_so(world: World) -> None:
    number = world.change()
    world.tell(world.comment(number))
    world.poll()
    assert world.counts() == (1, 3, 1, 1, 1) or world.counts()[2:] == (1, 1, 1)
    asked_before = world.gerrit.change(f"demo~{number}")
    (zuul,) = world.store.read(all_cis)
    world.heard.clear()
    world.clock.forward(5)
    world.tell(private(world.events[0]) | {"type": "private-state-changed"})
    assert world.counts() == (0, 0, 0, 0, 0)
    assert world.tallied() == 0
    assert world.heard == [{zuul.id}]  # judged again, without it
    withdrawals = world.store.read(
        lambda tx: arrived(tx, {zuul.id}, (), world.clock(), (world.clock(), world.clock()))
    )
    assert [(row.kind, row.span, row.number) for row in withdrawals] == [("withdrawal", KNOWN, 1)]
    # An answer that was on its way does not bring it back; a later one does.
    late = Change(
        **{name: getattr(asked_before, name) for name in Change.__slots__}
        | {"asked_at": world.clock() - timedelta(seconds=9)}
    )
    world.ingest.ingest([late], feed="poll", cursor=None, heard_at=world.clock())
    assert world.counts() == (0, 0, 0, 0, 0)
    world.clock.forward(5)
    world.poll()
    assert world.counts()[2:] == (1, 1, 1)


def test_rest_of_a_private_change_is_dropped_too(world: World) -> None:
    number = world.change()
    world.comment(number)
    info = world.reviews.change(number)
    assert info is not None
    info["is_private"] = True  # cibot's account is a reviewer, or an administrator
    world.poll()
    assert world.counts() == (0, 0, 0, 0, 0)


def post(world: World, event: Info) -> int:
    """The event, by the webhook."""
    hook = Hook("t", world.ingest, knows=world.ingest.knows, ask=world.confirmer.ask)
    hooked = Hooked({"review": hook}, world.clock)
    return hooked.post(f"{MOUNT}/review/t", json=event).status_code


def asked(world: World) -> None:
    """Waits for what the confirmer asks."""
    world.confirmer.settle(30)


def test_a_change_is_stored_when_rest_has_shown_it(world: World) -> None:
    event = world.comment(world.change())
    assert post(world, event) == 200
    asked(world)
    assert world.counts()[2:] == (1, 1, 1)
    world.clock.forward(60)
    requests = world.gerrit.app.requests
    assert post(world, world.comment(1, FAILED)) == 200
    asked(world)
    assert world.gerrit.app.requests == requests  # it is known now
    assert world.counts()[2:] == (2, 2, 1)


def test_what_this_account_may_not_see_is_not_stored(world: World) -> None:
    number = world.change()
    event = world.comment(number)
    world.reviews.remove(number)
    assert post(world, event) == 200
    asked(world)
    assert world.counts() == (0, 0, 0, 0, 0)


def test_an_incident_keeps_no_evidence_of_changes_that_were_hidden(scenario: Scenario) -> None:
    scenario.well()
    scenario.breaks(10)
    shown = scenario.changes
    hidden = [_secret(scenario, 800_000 + place) for place in range(10)]
    scenario.poll(hidden)
    scenario.judge()
    assert len(scenario.alerts()) == 1
    store = scenario.store
    assert {"incident.body", "health.signals", "project_record.project"} <= _naming(store)
    scenario.now += HOUR
    scenario.poll([replace(change, private=True) for change in hidden])
    at_once = _naming(store)
    for path in ("/incidents/1", "/api/v1/incidents", "/api/v1/cis/Acme", "/api/v1/summary", "/"):
        face = client(store, CONFIG, scenario.now).get(path).get_data(as_text=True)
        assert "secret" not in face, path
    scenario.judge()
    assert at_once | _naming(store) == set()
    bodies = store.read(lambda tx: tx.execute(select(schema.incident.c.body)).scalars().all())
    assert any(f'"number":{shown},' in body for body in bodies)  # that of the others stays


def test_a_message_that_waits_names_no_change_that_was_hidden(scenario: Scenario) -> None:
    scenario.well()
    scenario.breaks(2)
    hidden = [_secret(scenario, 800_000 + place, "demo") for place in range(13)]
    scenario.poll(hidden)
    scenario.judge()
    (said,) = scenario.alerts()
    assert "800012,1 (secret-job)" in said
    scenario.poll([replace(change, private=True) for change in hidden])
    (said,) = scenario.alerts()
    assert "; see (hidden), (hidden)" in said
    assert "80001" not in said
    assert not any(name.startswith("outbox") for name in _naming(scenario.store))


def test_a_digest_that_is_made_again_names_no_change_that_was_hidden(store: Store) -> None:
    room, now = Channel("net", "#a"), NOW

    def lay_aside(tx: Tx) -> None:
        outgoing = outbox.claim(tx, "net", now, now + HOUR)
        assert outgoing is not None
        digests.lay_aside(tx, outgoing, now, lambda written: late_card(
            [(at, Card.read(text)) for at, text in written]
        ).to_json())  # fmt: skip

    def work(tx: Tx) -> str:
        for number in (5, 6):
            message = Card((run_line(number, 1, None, f"job-{number}", None),)).to_json()
            about = outbox.About(outbox.MessageKind.ALERT, str(number))
            outbox.enqueue(tx, about, room, message, now)
        lay_aside(tx)
        rewrite_cards(tx, lambda text: Card.read(text).without_changes({5}).to_json())
        lay_aside(tx)
        (digest,) = outbox.messages(tx, schema.outbox.c.kind == outbox.MessageKind.EXPIRED)
        return Card.read(digest.card).text()

    said = store.write(work)
    assert "6,1 (job-6)" in said
    assert "job-5" not in said


def test_an_incident_keeps_no_evidence_of_hidden_changes_that_its_ci_missed(
    scenario: Scenario,
) -> None:
    """It reported on none of them, and loses no report with them."""
    scenario.well()
    hidden = [_secret(scenario, 800_000 + place, "demo", acme=None) for place in range(12)]
    scenario.poll(hidden)
    assert scenario.judge() is State.SILENT
    scenario.change(times=6)
    scenario.judge()
    assert scenario.steps()[-1] == "resolved"
    before = _evidence(scenario.store)
    scenario.poll([replace(change, private=True) for change in hidden])
    assert 800_000 in before
    assert _evidence(scenario.store) & {change.number for change in hidden} == set()


def _evidence(store: Store) -> set[int]:
    """The numbers of the changes that incidents and health name."""
    columns = (schema.incident.c.body, schema.health.c.signals)
    texts = [text for column in columns for text in store.read(_all(column))]
    return {int(number) for text in texts for number in re.findall(r'"number":(\d+)', text)}


def _all(column: Column[str]) -> Callable[[Tx], Sequence[str]]:
    return lambda tx: tx.execute(select(column)).scalars().all()


def _secret(
    scenario: Scenario, number: int, project: str = "secret", *, acme: bool | None = False
) -> Change:
    """A change of a project of its own on which Acme alone fails, or says nothing."""
    at, job = scenario.now, "secret-job"
    said = [(ZUUL, True, 10), *([(ACME, acme, 20)] if acme is not None else [])]
    messages = tuple(
        Message(
            at + timedelta(minutes=minutes),
            comment(passed).replace("tempest", job).replace("logs.", "secret."),
            author,
            1,
            message_id=f"{author.username}-{number}",
        )
        for author, passed, minutes in said
    )
    scenario.now = at + HOUR
    return Change(
        number, project, "master", "S", "NEW", at, scenario.now, messages,
        (PatchSet(1, at),), complete=True,
    )  # fmt: skip


def _naming(store: Store) -> set[str]:
    """The columns in which something secret stands."""
    columns: set[str] = set()
    for table in schema.metadata.sorted_tables:
        query = select(table)
        for row in store.read(lambda tx, query=query: tx.execute(query).mappings().all()):  # type: ignore[misc]
            columns |= {f"{table.name}.{name}" for name in row if "secret" in str(row[name])}
    return columns
