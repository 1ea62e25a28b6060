"""CIs that break at once, and what rooms hear of it: for the tests of mass failures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cibot.incidents.incident import Incident, Phase
from cibot.incidents.stored import columns, read_incident
from cibot.incidents.symptom import Symptom
from cibot.judging.mass import mass_ticker
from cibot.judging.recording import Recorded
from cibot.model import State
from cibot.store.engine import Store
from cibot.store.incidents import StoredIncident, incident_by_id, update_incident
from cibot.store.outbox import MessageState
from cibot.text.card import Card
from tests.unit.health.facts import NOW
from tests.unit.incidents.making import cleared, symptom
from tests.unit.judging.test_openings import Openings

MINUTE = timedelta(minutes=1)
FAILING = (symptom(severity=State.FAILING),)


class Mass(Openings):
    """CIs that break at once, minute by minute."""

    def __init__(self, store: Store, **more: Any) -> None:
        super().__init__(store, **more)
        self.now = NOW
        self.of_ci: dict[str, Recorded] = {}
        self.woken = 0

    def breaks(self, name: str, *symptoms: Symptom, is_told: bool = True) -> None:
        """A CI breaks now, and is judged."""
        before = (NOW - self.now) / MINUTE
        self.of_ci[name] = self.of(name, *(symptoms or FAILING), minutes=before)
        if is_told:
            self.judge(name)

    def half_way(self, *names: str) -> None:
        for name in names:
            before = (NOW - self.now) / MINUTE
            self.of_ci[name] = self.of(name, *FAILING, minutes=before, phase=Phase.PENDING)

    def opens(self, name: str) -> None:
        """One that was half way opens now, and is judged."""
        before = self.incident(name)
        self.becomes(name, replace(before, phase=Phase.FIRING, opened_at=self.now))

    def incident(self, name: str) -> Incident:
        return self.incident_of(self.of_ci[name])

    def becomes(self, name: str, incident: Incident) -> None:
        """A CI's incident is another now, and it is judged."""
        old = self.of_ci[name].stored
        row = StoredIncident(old.id, old.ci_id, **columns(replace(incident, changed_at=self.now)))
        self.store.write(lambda tx: update_incident(tx, row))
        self.judge(name)

    def judge(self, name: str) -> None:
        number = self.of_ci[name].stored.id
        row = self.store.read(lambda tx: incident_by_id(tx, number))
        assert row is not None
        self.tell(Recorded(row, read_incident(row.body, row.id)), name=name, now=self.now)

    def recovers(self, name: str) -> None:
        before = self.incident(name)
        over = tuple(cleared(symptom, self.now) for symptom in before.symptoms)
        self.becomes(
            name, replace(before, phase=Phase.RESOLVED, symptoms=over, resolved_at=self.now)
        )

    def falls_silent(self, name: str) -> None:
        before = self.incident(name)
        silent = symptom("silent", State.SILENT)
        self.becomes(name, replace(before, symptoms=(*before.symptoms, silent)))

    def comes_back(self, name: str) -> None:
        before = self.incident(name)
        again = tuple(replace(symptom, came_at=self.now) for symptom in FAILING)
        self.becomes(
            name,
            replace(before, phase=Phase.FIRING, symptoms=again, resolved_at=None, reopened=1),
        )

    def later(self, by: timedelta) -> None:
        """Time passes, and the ticker ticks."""
        self.now += by
        self.tick()

    def tick(self) -> None:
        def woken() -> None:
            self.woken += 1

        mass_ticker(self.store, self.config, lambda: self.now, woken).tick()

    def sent(self, room: str = "#ops") -> list[str]:
        """What is to be said in a room: the headlines, without times."""
        rows = [row for row in self.rows() if row.room == room]
        said = [row for row in rows if row.state == MessageState.PENDING]
        return [Card.from_json(row.card).text().splitlines()[0] for row in said]
