"""Alerts in quiet hours: kept, listed, and told afterwards, on both databases."""

from datetime import timedelta

from cibot.model import State
from cibot.store import outbox
from tests.support.nights import HOUR, MORNING, NIGHT, Nights


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
