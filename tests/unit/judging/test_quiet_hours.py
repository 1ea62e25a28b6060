"""Alerts in quiet hours: which of them wait, and what is said of them in the morning."""

from datetime import timedelta

from cibot.config.models import Config
from cibot.model import State
from cibot.store.engine import Store
from cibot.store.silences import add_silence, end_silence
from tests.support.nights import BODY, HOUR, MORNING, NIGHT, Nights


def test_nothing_is_said_where_nothing_is_left(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    nights.tell(number, "resolved")
    nights.at(MORNING)
    assert nights.messages() == []
    assert nights.woken == 0


def test_the_end_of_what_was_told_before_is_told(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.tell(number, "opened")
    nights.now = NIGHT
    nights.tell(number, "resolved")
    nights.at(MORNING)
    assert [text.split(" — ")[0] for text in nights.messages()] == ["■ failing", "● healthy"]


def test_what_is_bad_enough_and_what_a_route_insists_on_do_not_wait(nights: Nights) -> None:
    silent, zuul = nights.ci("Acme"), nights.ci("Zuul")
    nights.now = NIGHT
    nights.tell(silent, "opened", bad=State.SILENT)
    nights.tell(zuul, "opened", "Zuul")
    assert len(nights.messages()) == 2


def test_what_got_worse_and_came_through_is_not_told_again(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened", bad=State.FAILING)
    nights.now += HOUR
    nights.tell(number, "escalated", bad=State.SILENT)
    nights.at(MORNING)
    assert nights.messages() == ["○ silent — Acme got worse: silent: escalated"]


def test_an_end_is_told_wherever_the_beginning_was(store: Store) -> None:
    routes = [{"channels": ["net/#day"], "severity": "failing"}]
    nights = Nights(store, Config.model_validate(BODY | {"route": routes, "quiet": []}))
    bad, mild = nights.ci("Acme"), nights.ci("Beta")
    nights.tell(bad, "opened")
    nights.tell(mild, "opened", "Beta", State.DEGRADED)
    nights.now += HOUR
    nights.tell(bad, "resolved", bad=State.DEGRADED)  # it had eased before
    nights.tell(mild, "resolved", "Beta", State.DEGRADED)
    assert [text.split(" — ")[0] for text in nights.messages()] == ["■ failing", "● healthy"]


def test_held_alerts_do_not_count_as_a_flood(store: Store) -> None:
    nights = Nights(store, Config.model_validate(BODY | {"flood": {"alerts_per_hour": 2}}))
    nights.now = MORNING - timedelta(minutes=10)
    for place in range(5):
        nights.tell(nights.ci(f"CI {place}"), "opened", f"CI {place}")
    nights.at(MORNING)
    assert len(nights.messages()) == 1
    nights.tell(nights.ci("CI 6"), "opened", "CI 6")
    assert len(nights.messages()) == 2


def test_a_silence_lets_it_wait_on(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    silence = nights.store.write(
        lambda tx: add_silence(tx, "Acme", NIGHT, MORNING + 9 * HOUR, "mika", "new disks")
    )
    nights.at(MORNING)
    assert nights.messages() == []
    nights.store.write(lambda tx: end_silence(tx, silence, "mika", MORNING + HOUR))
    nights.at(MORNING + HOUR)
    assert nights.messages() == ["■ failing — Acme is failing: opened"]


def test_where_nothing_waits_nobody_is_woken(nights: Nights) -> None:
    nights.tell(nights.ci("Acme"), "opened")
    nights.at(MORNING)
    assert (nights.woken, len(nights.messages())) == (0, 1)
