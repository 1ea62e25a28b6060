"""What is said of an incident that opens: by itself, together with others, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cibot.config.models import Config
from cibot.health.seen import Fault
from cibot.health.signal import Evidence
from cibot.incidents.incident import Incident, Phase
from cibot.incidents.stored import columns, read_incident
from cibot.judging.notifier import Judged, Notifier
from cibot.judging.recording import Recorded
from cibot.model import State
from cibot.store import schema
from cibot.store.cis import KnownCi, ensure_ci, ensure_server
from cibot.store.engine import Store
from cibot.store.incidents import StoredIncident, add_incident, incident_by_id
from cibot.store.silences import add_silence
from cibot.text.card import Card
from tests.support.history import History, ago
from tests.unit.health.facts import NOW
from tests.unit.incidents.making import cleared, incident, symptom

BODY = {
    "irc": [{"name": "net", "host": "irc.example.org"}],
    "route": [{"channels": ["net/#ops"]}],
    "web": {"public_url": "https://cibot.example.org"},
}
MINUTE = timedelta(minutes=1)
RUN = Evidence(Fault.FAILED, 1 << 32 | 77, 77, 1, NOW - MINUTE, job="unit")


class Openings:
    """CIs with an incident each, and what the room hears of them."""

    def __init__(self, store: Store, **more: Any) -> None:
        self.store = store
        self.config = Config.model_validate(BODY | more)
        self.notifier = Notifier(self.config)

    def of(
        self, name: str, *symptoms: Any, minutes: float = 0, phase: Phase | None = None
    ) -> Recorded:
        """An incident of a CI that opened so many minutes ago, and of which nobody heard."""
        opened = NOW - minutes * MINUTE
        made = incident(*symptoms, id=None)
        made = replace(made, began_at=opened, opened_at=opened, changed_at=opened)
        if phase is not None:
            made = replace(made, phase=phase, opened_at=None if phase is Phase.PENDING else opened)

        def write(tx: Any) -> StoredIncident:
            ci = ensure_ci(tx, name, "configured", NOW)
            number = add_incident(tx, StoredIncident(0, ci, **columns(made)))
            return incident_by_id(tx, number)  # type: ignore[return-value]

        stored = self.store.write(write)
        return Recorded(stored, read_incident(stored.body, stored.id))

    def tell(
        self, *recorded: Recorded, name: str = "Acme", now: datetime = NOW, **fields: Any
    ) -> int:
        """Has the room told of a CI's incidents; how many messages were added."""
        ci = KnownCi(recorded[0].stored.ci_id, name, "configured", NOW)
        usual: dict[str, Any] = {
            "feed_fresh": True, "references": frozenset(), "projects": frozenset({"nova"}),
            "branches": (), "first": False,
        }  # fmt: skip
        judged = Judged(ci, **usual | fields)
        return self.store.write(lambda tx: self.notifier.tell(tx, judged, recorded, now))

    def rows(self) -> list[Any]:
        query = select(schema.outbox).order_by(schema.outbox.c.id)
        return list(self.store.read(lambda tx: tx.execute(query).all()))

    def texts(self) -> list[str]:
        return [Card.from_json(row.card).text() for row in self.rows()]

    def incident_of(self, recorded: Recorded) -> Incident:
        """The incident as it is stored now."""
        stored = self.store.read(lambda tx: incident_by_id(tx, recorded.stored.id))
        assert stored is not None
        return read_incident(stored.body, stored.id)


@pytest.fixture
def openings(store: Store) -> Openings:
    return Openings(store)


def test_it_is_told_once_with_the_page_of_the_ci(openings: Openings) -> None:
    acme = openings.of("Acme & Co/1")
    assert openings.tell(acme, name="Acme & Co/1") == 1
    [row] = openings.rows()
    assert Card.from_json(row.card).link == "https://cibot.example.org/ci/Acme%20%26%20Co%2F1"
    incident = openings.incident_of(acme)
    assert incident.notified is not None
    assert incident.notified.count == 1
    assert (row.kind, row.incident_id, row.step) == ("alert", acme.stored.id, "opened")
    assert openings.tell(Recorded(acme.stored, incident), name="Acme & Co/1") == 0


@pytest.mark.parametrize(
    "body", ["{}", '{"began_at": "yesterday"}'], ids=["empty", "of another version"]
)
def test_an_incident_that_cannot_be_read_keeps_no_other_from_being_told(
    openings: Openings, body: str
) -> None:
    other = openings.of("Other")
    spoilt = schema.incident.update().where(schema.incident.c.id == other.stored.id)
    openings.store.write(lambda tx: tx.execute(spoilt.values(body=body)))
    assert openings.tell(openings.of("Acme")) == 1


def test_a_stale_feed_keeps_it_back_until_it_is_heard_again(openings: Openings) -> None:
    acme = openings.of("Acme")
    assert openings.tell(acme, feed_fresh=False) == 0
    assert openings.incident_of(acme).notified is None
    assert openings.tell(acme) == 1


def test_a_silence_keeps_it_back(openings: Openings) -> None:
    acme = openings.of("Acme")
    until = NOW + 5 * MINUTE
    openings.store.write(lambda tx: add_silence(tx, "Acme", NOW - MINUTE, until, "Mika", "disks"))
    assert openings.tell(acme) == 0
    assert openings.incident_of(acme).notified is None


@pytest.mark.parametrize(
    ("reference", "sent"),
    [
        ((symptom("success"),), 0),
        ((symptom("latency"),), 1),
        ((cleared(symptom("success"), NOW),), 1),
    ],
    ids=["broken", "slow", "well again"],
)
def test_a_broken_reference_keeps_results_back(
    openings: Openings, reference: Iterable[Any], sent: int
) -> None:
    zuul = openings.of("Zuul", *reference)
    acme = openings.of("Acme")
    assert openings.tell(acme, references=frozenset({zuul.stored.ci_id})) == sent
    assert openings.tell(zuul, name="Zuul", references=frozenset({zuul.stored.ci_id})) == (
        0 if zuul.incident.resolved_at else 1
    )


def test_a_mild_level_is_told_only_where_somebody_can_be_compared_with(openings: Openings) -> None:
    level = openings.of("Acme", symptom("level"))
    assert openings.tell(level) == 0
    assert openings.tell(level, references=frozenset({99})) == 1


@pytest.mark.parametrize(("days", "first", "sent"), [(2, True, 0), (2, False, 1), (0.5, True, 1)])
def test_what_is_long_past_when_a_ci_is_judged_first_is_no_news(
    openings: Openings, days: float, first: bool, sent: int
) -> None:
    acme = openings.of("Acme", minutes=days * 1440)
    assert openings.tell(acme, first=first) == sent
    incident = openings.incident_of(acme)
    assert incident.notified is not None
    assert incident.notified.count == sent
    ended = replace(incident, phase=Phase.RESOLVED, resolved_at=NOW)
    assert openings.tell(Recorded(acme.stored, ended)) == sent  # its end is, too


@pytest.mark.parametrize("after", ["ab", "b"])
def test_a_job_that_the_reference_dropped_too_is_not_missed(store: Store, after: str) -> None:
    history = History(store, now=NOW)
    zuul = history.ci("Zuul")
    for number in range(8):
        hours = 20 - 2 * number
        jobs = dict.fromkeys("ab" if number < 4 else after, "SUCCESS")
        history.change(number + 70, "nova", uploads=[ago(hours=hours + 1)])
        zuul.report(number + 70, at=ago(hours=hours), jobs=jobs)
    history.save()
    openings = Openings(store)
    bad = replace(RUN, change_id=1 << 32 | 73, number=73, at=NOW - ago(hours=13), job="a")
    missing = openings.of("Acme", symptom("missing_job", evidence=(bad,), first_evidence=(bad,)))
    sent = openings.tell(missing, references=frozenset({1}))
    assert sent == (1 if after == "ab" else 0)


@pytest.mark.parametrize(
    ("servers", "address"),
    [
        (1, "https://review.example.org/77/1"),
        (2, "https://review.example.org/c/nova/+/77/1"),
    ],
)
def test_a_run_is_linked_by_project_where_its_number_is_not_enough(
    store: Store, servers: int, address: str
) -> None:
    history = History(store, now=NOW)
    history.ci("Acme").report(77, at=ago(minutes=1), outcome="failure", jobs={"unit": "FAILURE"})
    history.change(77, "nova", uploads=[ago(hours=1)]).save()
    if servers > 1:
        store.write(lambda tx: ensure_server(tx, "other", "https://other.example.org"))
    openings = Openings(store)
    acme = openings.of("Acme", symptom(severity=State.FAILING, evidence=(RUN,)))
    account = {"server_id": 1, "ci_id": acme.stored.ci_id, "identity": "x", "gerrit_id": 5}
    store.write(lambda tx: tx.execute(schema.account.insert(), [account]))
    openings.tell(acme)
    [row] = openings.rows()
    assert address in row.card


def test_a_run_on_a_change_that_is_gone_is_no_link(openings: Openings) -> None:
    openings.tell(openings.of("Acme", symptom(severity=State.FAILING, evidence=(RUN,))))
    [row] = openings.rows()
    assert "77,1" in Card.from_json(row.card).text()
    assert "/77" not in row.card
