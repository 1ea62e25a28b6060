"""CIs whose incidents open and end by night, and the rooms that hear of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from cibot.config.models import Config
from cibot.health.seen import EarlierWords
from cibot.incidents.incident import Incident, Phase, Transition
from cibot.incidents.messages import Subject, alert_card
from cibot.incidents.news import News
from cibot.incidents.routing import Alert
from cibot.incidents.stored import columns
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.judging.audience import tell_all
from cibot.judging.quiet_hours import quiet_ticker
from cibot.model import State
from cibot.store import schema
from cibot.store.cis import ensure_ci
from cibot.store.engine import Store
from cibot.store.incidents import StoredIncident, add_incident, incident_by_id, update_incident
from cibot.store.outbox import About, MessageKind
from cibot.text.card import Card

EVENING = datetime(2026, 11, 23, 21, tzinfo=UTC)

NIGHT = EVENING.replace(hour=23)

MORNING = EVENING + timedelta(hours=10)

HOUR = timedelta(hours=1)

BODY = {
    "irc": [{"name": "net", "host": "irc.example.org"}],
    "route": [
        {"channels": ["net/#ops", "net/#day"]},
        {"channels": ["net/#day"], "cis": ["Zuul"], "quiet": False},
    ],
    "quiet": [{"channels": ["net/#day"], "begin": "22:00", "end": "07:00", "through": "silent"}],
}


class Nights:
    """CIs whose incidents open and end at given hours, and the rooms that hear of it."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store, self.config = store, config
        self.now = EVENING
        self.woken = 0
        self.quiet = quiet_ticker(store, config, lambda: self.now, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def ci(self, name: str) -> int:
        """An incident of a new CI, that nobody was told of."""

        def work(tx) -> int:
            ci = ensure_ci(tx, name, "configured", EVENING)
            incident = columns(self._incident(Phase.FIRING)) | {"notified": True}
            return add_incident(tx, StoredIncident(0, ci, **incident))

        return self.store.write(work)

    def _incident(
        self, phase: Phase, number: int | None = None, bad: State = State.FAILING, said: str = ""
    ) -> Incident:
        symptom = Symptom(
            "success", SymptomPhase.FIRING, bad, came_at=self.now, seen=EarlierWords(said)
        )
        return Incident(self.now, phase, self.now, (symptom,), self.now, id=number)

    def tell(self, number: int, step: str, name: str = "Acme", bad: State = State.FAILING) -> None:
        over = step == "resolved"
        incident = self._incident(Phase.RESOLVED if over else Phase.FIRING, number, bad, step)
        news = News(Transition(step, self.now, bad), incident.cause, ())
        card = alert_card(incident, news, Subject(name))

        def work(tx) -> None:
            stored = incident_by_id(tx, number)
            update_incident(tx, replace(stored, resolved_at=self.now if over else None))
            key = f"incident:{number}:{int(self.now.timestamp())}:{step}"
            about = About(MessageKind.ALERT, key, number, step)
            alert = Alert(name, frozenset({"success"}), bad)
            tell_all(tx, self.config, alert, stored.ci_id, about, card, self.now)

        self.store.write(work)

    def at(self, moment: datetime) -> None:
        self.now = moment
        self.quiet.tick()

    def messages(self, room: str = "#day") -> list[str]:
        table = schema.outbox.c
        query = select(table.card).where(table.room == room, table.state == "pending")
        rows = self.store.read(lambda tx: tx.execute(query.order_by(table.id)).all())
        return [Card.from_json(row.card).text().splitlines()[0] for row in rows]


@pytest.fixture
def nights(store: Store) -> Nights:
    """The nights of the usual configuration."""
    return Nights(store, Config.model_validate(BODY))
