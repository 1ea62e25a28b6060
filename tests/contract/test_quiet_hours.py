"""Alerts in quiet hours: kept, listed, and told afterwards, on both databases."""

from datetime import timedelta

from cibot.model import State
from cibot.store import digests, outbox
from tests.support.nights import HOUR, MORNING, NIGHT, Nights


def test_what_is_still_true_is_told_in_the_morning(nights: Nights) -> None:
    acme, beta, gone = nights.ci("Acme"), nights.ci("Beta"), nights.ci("Gone")
    nights.now = NIGHT
    nights.tell(acme, "opened")
    nights.tell(beta, "opened", "Beta", State.DEGRADED)
    nights.tell(gone, "opened", "Gone")
    nights.now += HOUR
    nights.tell(gone, "resolved", "Gone")
    assert len(nights.messages("#ops")) == 4
    nights.at(MORNING - timedelta(seconds=1))
    assert nights.messages() == []
    nights.at(MORNING)
    nights.at(MORNING + HOUR)
    (said,) = nights.messages()
    assert said == "2 alerts from the quiet hours that are still true, worst first:"
    assert nights.woken == 1


def test_what_waits_is_listed_and_can_be_dropped(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    (row,) = (listed for listed in nights.store.read(outbox.listed) if listed.state == "held")
    assert row.not_before == MORNING
    assert nights.store.write(lambda tx: digests.retry(tx, NIGHT)) == 0
    assert nights.store.write(lambda tx: outbox.drop(tx, row.id))
    nights.at(MORNING)
    assert nights.messages() == []


def test_what_waits_can_be_told_at_once(nights: Nights) -> None:
    number = nights.ci("Acme")
    nights.now = NIGHT
    nights.tell(number, "opened")
    (row,) = (listed for listed in nights.store.read(outbox.listed) if listed.state == "held")
    assert nights.store.write(lambda tx: digests.retry(tx, NIGHT, row.id)) == 1
    nights.at(MORNING)
    assert nights.messages() == ["■ failing — Acme is failing: opened"]
