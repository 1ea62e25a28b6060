"""What could not be said for long: tried again, said if it is still true, else in a digest."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from cibot.chat.protocol import Channel
from cibot.errors import CibotError, Permanent, Transient, Unconfirmed
from cibot.outbox.sender import Sender
from cibot.reports.feeds import undelivered_words
from cibot.store import outbox, schema
from cibot.store.engine import Store, Tx
from cibot.store.incidents import StoredIncident, add_incident
from cibot.store.outbox import About, MessageKind, MessageState, fold_waiting
from cibot.text.card import card
from tests.unit.outbox.test_sender import NOON, Clock, FakeNetwork, drain, states

HOUR = timedelta(hours=1)
OPS = Channel("net", "#ops")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> FakeNetwork:
    return FakeNetwork()


@pytest.fixture
def sender(sqlite_store: Store, network: FakeNetwork, clock: Clock) -> Sender:
    return Sender(sqlite_store, {"net": network}, clock, rooms=[Channel("net", "#spare")])


def alert(store: Store, clock: Clock, incident: int, seq: int, step: str) -> None:
    text = card(f"CI {incident} {step}", incident=incident).to_json()
    key = f"incident:{incident}:{seq}:{step}:net/#ops"
    about, now = About(MessageKind.ALERT, key, incident, step), clock.now
    store.write(lambda tx: outbox.enqueue(tx, about, OPS, text, now))


def test_after_hours_only_what_is_still_true_is_said_and_a_digest_tells_the_rest(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    alert(sqlite_store, clock, 1, 1, "opened")
    drain(sender)  # of the first one people know
    alert(sqlite_store, clock, 2, 1, "opened")
    network.fails = [Transient("away", retry_after=7200)]
    drain(sender)
    for incident, seq, step in ((1, 2, "resolved"), (2, 2, "escalated"), (2, 3, "resolved"),
                                (3, 1, "opened"), (4, 1, "opened"), (4, 2, "resolved"),
                                (4, 3, "reopened")):  # fmt: skip
        clock.now += timedelta(minutes=1)
        alert(sqlite_store, clock, incident, seq, step)
    clock.now += 3 * HOUR
    alert(sqlite_store, clock, 5, 1, "opened")
    drain(sender)
    said = [text for _room, text in network.sent]
    assert said[:5] == [
        "CI 1 opened", "CI 1 resolved", "CI 3 opened", "CI 4 reopened", "CI 5 opened",
    ]  # fmt: skip
    assert said[5:] == [
        "While I could not speak here, this came and went:\n"
        "Mon 23 Nov 12:00 UTC: CI 2 resolved\n"
        "Mon 23 Nov 12:05 UTC: CI 4 resolved"
    ]
    assert set(states(sqlite_store).values()) == {"sent", "late"}
    drain(sender)
    assert len(network.sent) == 6


def test_an_end_just_now_of_what_nobody_there_heard_of_is_in_the_digest(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    alert(sqlite_store, clock, 1, 1, "opened")
    clock.now += 3 * HOUR
    alert(sqlite_store, clock, 1, 2, "resolved")
    drain(sender)
    assert [text.splitlines()[1:] for _room, text in network.sent] == [
        ["Mon 23 Nov 12:00 UTC: CI 1 resolved"]
    ]


def test_what_waited_for_minutes_is_said_as_it_is(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    alert(sqlite_store, clock, 1, 1, "opened")
    alert(sqlite_store, clock, 1, 2, "resolved")
    clock.now += timedelta(minutes=59)
    drain(sender)
    assert [text for _room, text in network.sent] == ["CI 1 opened", "CI 1 resolved"]


def test_an_alert_in_doubt_is_looked_for_before_it_is_laid_aside(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    network.fails = [Unconfirmed("no answer")]
    alert(sqlite_store, clock, 1, 1, "opened")
    drain(sender)
    alert(sqlite_store, clock, 1, 2, "resolved")
    clock.now += 3 * HOUR
    drain(sender)
    assert [text for _room, text in network.sent] == ["CI 1 opened", "CI 1 resolved"]


@pytest.mark.parametrize("over", [True, False])
def test_many_cis_that_broke_together(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock, over: bool
) -> None:
    for number in range(3):
        ended = NOON + HOUR if over or number else None
        row = StoredIncident(0, number, "success", "x", NOON, ended, NOON, "{}")
        sqlite_store.write(lambda tx, row=row: add_incident(tx, row))  # type: ignore[misc]
    text = card("3 of 4 CIs broke").to_json()
    about = About(MessageKind.TOGETHER, "together", None, "opened", "mass:1")

    def write(tx: Tx) -> None:
        outbox.enqueue(tx, about, OPS, text, NOON)
        for number in (1, 2, 3):
            own = About(MessageKind.ALERT, f"{number}", number, "opened", "mass:1")
            outbox.enqueue(tx, own, OPS, text, NOON, state=MessageState.GATHERED)
        fold_waiting(tx, [2, 3, 4], "together")

    sqlite_store.write(write)
    clock.now += 3 * HOUR
    drain(sender)
    assert network.sent[0][1].startswith("While I could not speak here" if over else "3 of 4 CIs")


def test_of_summaries_that_waited_the_newest_is_said(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    for day in (21, 22, 23):
        about = About(MessageKind.SUMMARY, f"summary:{day}", group="0900")
        text = card(f"summary of {day}").to_json()
        at = NOON - timedelta(days=24 - day)
        sqlite_store.write(
            lambda tx, about=about, text=text, at=at: outbox.enqueue(  # type: ignore[misc]
                tx, about, OPS, text, at
            )
        )
    drain(sender)
    said = [text for _room, text in network.sent]
    assert said[0] == "summary of 23"
    assert said[1].splitlines()[1:] == [
        "Fri 20 Nov 12:00 UTC: summary of 21", "Sat 21 Nov 12:00 UTC: summary of 22",
    ]  # fmt: skip


def test_a_room_that_lets_the_bot_in_again_hears_what_was_given_up(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    banned: list[CibotError] = [Permanent("banned")] * 2
    alert(sqlite_store, clock, 1, 1, "opened")
    alert(sqlite_store, clock, 2, 1, "opened")
    network.fails = list(banned)
    drain(sender)
    dead = [f"incident:{number}:1:opened:net/#ops" for number in (1, 2)]
    assert [states(sqlite_store)[key] for key in dead] == ["dead", "dead"]
    assert sqlite_store.read(undelivered_words) == {"net": "2 messages given up: banned"}
    before = len(network.sent)
    for _ in range(3):  # it is asked for again now and then, one message at a time
        network.fails = [Permanent("banned")]
        clock.now += HOUR + timedelta(minutes=1)
        drain(sender)
        assert network.fails == []
    assert len(network.sent) == before  # and nobody is told of that again
    clock.now += HOUR + timedelta(minutes=1)
    drain(sender)
    assert sorted(text for _room, text in network.sent[before:]) == ["CI 1 opened", "CI 2 opened"]
    assert sqlite_store.read(undelivered_words) == {}


def test_the_end_of_what_was_given_up_does_not_overtake_it(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    alert(sqlite_store, clock, 1, 1, "opened")
    network.fails = [Permanent("banned")]
    drain(sender)
    alert(sqlite_store, clock, 1, 2, "resolved")
    alert(sqlite_store, clock, 2, 1, "opened")
    clock.now += timedelta(minutes=4)
    drain(sender)
    assert [text for room, text in network.sent if room == "#ops"] == [
        "CI 2 opened",
        "While I could not speak here, this came and went:\nMon 23 Nov 12:00 UTC: CI 1 resolved",
    ]
    clock.now += 3 * HOUR
    drain(sender)
    assert len(network.sent) == 3


def test_what_can_never_be_said_holds_up_no_other(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    alert(sqlite_store, clock, 1, 1, "opened")
    alert(sqlite_store, clock, 2, 1, "opened")
    network.fails = [Permanent("bad words"), Permanent("banned")]
    drain(sender)
    network.fails = [Permanent("bad words")]
    clock.now += timedelta(minutes=6)
    drain(sender)
    assert "CI 2 opened" not in [text for _room, text in network.sent]
    clock.now += timedelta(minutes=11)
    drain(sender)
    assert ("#ops", "CI 2 opened") in network.sent


def test_after_a_week_it_stays_given_up(
    sqlite_store: Store, sender: Sender, network: FakeNetwork, clock: Clock
) -> None:
    alert(sqlite_store, clock, 1, 1, "opened")
    network.fails = [Permanent("banned")]
    drain(sender)
    clock.now += timedelta(days=8)
    drain(sender)
    state = select(schema.outbox.c.state).where(schema.outbox.c.id == 1)
    assert sqlite_store.read(lambda tx: tx.execute(state).scalar_one()) == "dead"
