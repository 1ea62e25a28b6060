"""Alerts in quiet hours: kept, told together afterwards if still true, on both databases."""

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
from cibot.judging.quiet_hours import QuietHours
from cibot.model import State
from cibot.store import outbox, schema
from cibot.store.cis import ensure_ci
from cibot.store.engine import Store
from cibot.store.incidents import StoredIncident, add_incident, incident_by_id, update_incident
from cibot.store.outbox import About, MessageKind
from cibot.store.silences import add_silence, end_silence
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
        self.quiet = QuietHours(store, config, lambda: self.now, self._wake)

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

    def told(self, room: str = "#day") -> list[str]:
        table = schema.outbox.c
        query = select(table.card).where(table.room == room, table.state == "pending")
        rows = self.store.read(lambda tx: tx.execute(query.order_by(table.id)).all())
        return [Card.from_json(row.card).text().splitlines()[0] for row in rows]


@pytest.fixture
def nights(store: Store) -> Nights:
    return Nights(store, Config.model_validate(BODY))


def test_what_is_still_true_is_told_in_the_morning(nights: Nights) -> None:
    one, two, gone = nights.ci("Acme"), nights.ci("Beta"), nights.ci("Gone")
    nights.now = NIGHT
    nights.tell(one, "opened")
    nights.tell(two, "opened", "Beta", State.DEGRADED)
    nights.tell(gone, "opened", "Gone")
    nights.now += HOUR
    nights.tell(gone, "resolved", "Gone")
    assert len(nights.told("#ops")) == 4
    nights.at(MORNING - timedelta(seconds=1))
    assert nights.told() == []
    nights.at(MORNING)
    nights.at(MORNING + HOUR)
    (said,) = nights.told()
    assert said == "2 alerts from the quiet hours that are still true, worst first:"
    assert nights.woken == 1


def test_nothing_is_said_where_nothing_is_left(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    nights.tell(number, "resolved")
    nights.at(MORNING)
    assert nights.told() == []
    assert nights.woken == 0


def test_the_end_of_what_was_told_before_is_told(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.tell(number, "opened")
    nights.now = NIGHT
    nights.tell(number, "resolved")
    nights.at(MORNING)
    assert [one.split(" — ")[0] for one in nights.told()] == ["■ failing", "● healthy"]


def test_what_is_bad_enough_and_what_a_route_insists_on_do_not_wait(nights: Nights) -> None:
    silent, zuul = nights.ci("Acme"), nights.ci("Zuul")
    nights.now = NIGHT
    nights.tell(silent, "opened", bad=State.SILENT)
    nights.tell(zuul, "opened", "Zuul")
    assert len(nights.told()) == 2


def test_what_got_worse_and_came_through_is_not_told_again(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened", bad=State.FAILING)
    nights.now += HOUR
    nights.tell(number, "escalated", bad=State.SILENT)
    nights.at(MORNING)
    assert nights.told() == ["○ silent — Acme got worse: silent: escalated"]


def test_a_silence_lets_it_wait_on(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    silence = nights.store.write(
        lambda tx: add_silence(tx, "Acme", NIGHT, MORNING + 9 * HOUR, "mika", "new disks")
    )
    nights.at(MORNING)
    assert nights.told() == []
    nights.store.write(lambda tx: end_silence(tx, silence, "mika", MORNING + HOUR))
    nights.at(MORNING + HOUR)
    assert nights.told() == ["■ failing — Acme is failing: opened"]


def test_what_waits_is_listed_and_can_be_dropped(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    (row,) = (one for one in nights.store.read(outbox.listed) if one.state == "held")
    assert row.not_before == MORNING
    assert nights.store.write(lambda tx: outbox.retry(tx, NIGHT)) == 0
    assert nights.store.write(lambda tx: outbox.drop(tx, row.id))
    nights.at(MORNING)
    assert nights.told() == []


def test_what_waits_can_be_told_at_once(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    (row,) = (one for one in nights.store.read(outbox.listed) if one.state == "held")
    assert nights.store.write(lambda tx: outbox.retry(tx, NIGHT, row.id)) == 1
    nights.at(MORNING)
    assert nights.told() == ["■ failing — Acme is failing: opened"]


def test_an_end_is_told_wherever_the_beginning_was(store: Store) -> None:
    routes = [{"channels": ["net/#day"], "severity": "failing"}]
    nights = Nights(store, Config.model_validate(BODY | {"route": routes, "quiet": []}))
    bad, mild = nights.ci("Acme"), nights.ci("Beta")
    nights.tell(bad, "opened")
    nights.tell(mild, "opened", "Beta", State.DEGRADED)
    nights.now += HOUR
    nights.tell(bad, "resolved", bad=State.DEGRADED)  # it had eased before
    nights.tell(mild, "resolved", "Beta", State.DEGRADED)
    assert [one.split(" — ")[0] for one in nights.told()] == ["■ failing", "● healthy"]


def test_held_alerts_do_not_count_as_a_flood(store: Store) -> None:
    nights = Nights(store, Config.model_validate(BODY | {"flood": {"alerts_per_hour": 2}}))
    nights.now = MORNING - timedelta(minutes=10)
    for place in range(5):
        nights.tell(nights.ci(f"CI {place}"), "opened", f"CI {place}")
    nights.at(MORNING)
    assert len(nights.told()) == 1
    nights.tell(nights.ci("CI 6"), "opened", "CI 6")
    assert len(nights.told()) == 2
