"""Mass failures: one message a room as many CIs break, one line of who joins, one end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from cibot.incidents.incident import Notified, Phase
from cibot.judging.mass import MassFailures
from cibot.model import State
from cibot.store import schema
from cibot.store.cis import ensure_ci
from cibot.store.engine import Store
from cibot.store.incidents import delete_incident
from cibot.store.silences import add_silence
from cibot.store.watches import StoredWatch, put_watch
from cibot.text.card import Card
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import symptom
from tests.unit.judging.breaking import MINUTE, Mass

TWO_ROOMS: Mapping[str, Any] = {
    "route": [
        {"channels": ["net/#ops"]},
        {"channels": ["net/#acme"], "cis": ["A"]},
        {"channels": ["net/#pair"], "cis": ["A", "B"]},
        {"channels": ["net/#none"], "cis": ["Z*"]},
    ]
}


@pytest.fixture
def mass(store: Store) -> Mass:
    made = Mass(store)
    for name in "UVWXYZ":
        store.write(lambda tx, name=name: ensure_ci(tx, name, "configured", NOW))  # type: ignore[misc]
    return made


SINCE = "since Mon 23 Nov 12:00 UTC"


def test_the_first_speaks_for_those_half_way_and_all_ends_are_one(mass: Mass) -> None:
    mass.half_way("B", "C")
    mass.breaks("A")
    assert mass.sent() == [
        f"■ failing — 1 of 9 CIs broke {SINCE}: A (#3); going the same way: B, C"
    ]
    mass.now += 20 * MINUTE
    mass.opens("B")
    mass.opens("C")
    mass.later(2 * HOUR)
    assert len(mass.sent()) == 1  # they were named
    for name in "BCA":
        mass.recovers(name)
        mass.later(MINUTE)
    assert len(mass.sent()) == 2
    assert mass.sent()[-1].startswith(f"● healthy — all 3 CIs that broke {SINCE} recovered: A (#3)")
    assert all(mass.incident(name).notified.over for name in "ABC")  # type: ignore[union-attr]
    mass.later(5 * HOUR)
    assert len(mass.sent()) == 2


def test_the_second_is_held_and_told_with_the_third(mass: Mass) -> None:
    mass.breaks("A")
    mass.now += 10 * MINUTE
    mass.breaks("B")
    assert [text.split(" — ")[1][:1] for text in mass.sent()] == ["A"]
    mass.later(10 * MINUTE)
    assert len(mass.sent()) == 1
    mass.breaks("C")
    assert mass.sent()[0].startswith(f"■ failing — 3 of 9 CIs broke {SINCE}: A (#1), B (#2)")
    assert len(mass.sent()) == 1  # the first was not out yet, and is told with the others


def test_what_was_said_before_is_part_of_it_too(mass: Mass) -> None:
    mass.breaks("A")
    mass.store.write(_sent)
    mass.now += 20 * MINUTE
    mass.breaks("B")
    mass.breaks("C")
    assert [text.split(":")[0] for text in mass.sent()] == [
        "■ failing — 3 of 9 CIs broke since Mon 23 Nov 12"
    ]
    for name in "ABC":
        mass.recovers(name)
    end = [row for row in mass.rows() if row.step == "resolved" and row.kind == "together"]
    assert [Card.from_json(row.card).shown_on for row in end] == [(1,)]
    assert len(mass.sent()) == 2


def _sent(tx: Any) -> None:
    tx.execute(schema.outbox.update().values(state="sent", attempts=1, remote_id="1"))


def test_one_that_is_held_is_told_by_itself_when_no_third_comes(mass: Mass) -> None:
    mass.breaks("A")
    mass.breaks("B")
    mass.later(29 * MINUTE)
    assert len(mass.sent()) == 1
    mass.later(MINUTE)
    assert len(mass.sent()) == 2
    assert "B is failing" in mass.sent()[1]
    mass.later(HOUR)
    mass.recovers("B")
    assert "B recovered" in mass.sent()[-1]


def test_what_came_and_went_while_it_was_held_is_not_told(mass: Mass) -> None:
    mass.breaks("A")
    mass.breaks("B")
    mass.now += 10 * MINUTE
    mass.recovers("B")
    mass.later(HOUR)
    assert len(mass.sent()) == 1


def _three(mass: Mass) -> None:
    mass.half_way("B", "C")
    mass.breaks("A")
    mass.opens("B")
    mass.opens("C")


def test_who_joins_within_an_hour_is_one_line(mass: Mass) -> None:
    _three(mass)
    mass.later(3 * HOUR)
    mass.breaks("D")
    mass.later(30 * MINUTE)
    mass.breaks("E")
    assert len(mass.sent()) == 1
    mass.later(30 * MINUTE)
    assert mass.sent()[1:] == [
        f"■ failing — 5 of 11 CIs broke {SINCE}, by now also: D (#4) failing, E (#5) failing"
    ]
    for name in "ABCDE":
        mass.recovers(name)
    assert mass.sent()[2].startswith("● healthy — all 5 CIs")
    assert len(mass.sent()) == 3


def test_what_gets_worse_meanwhile_is_told_with_who_joins(mass: Mass) -> None:
    _three(mass)
    mass.becomes("B", replace(mass.incident("B"), symptoms=(symptom(severity=State.FAILING),)))
    mass.falls_silent("A")
    mass.falls_silent("C")
    mass.later(HOUR)
    assert (
        mass.sent()[1:]
        == [f"◌ silent — 3 of 9 CIs broke {SINCE}, by now also: A (#3) silent, C (#2) silent"]
        or "silent" in mass.sent()[1]
    )
    assert len(mass.sent()) == 2


def test_those_that_are_left_are_named_when_no_other_ends(mass: Mass) -> None:
    _three(mass)
    mass.now += 5 * HOUR
    mass.recovers("A")
    mass.now += HOUR
    mass.recovers("B")
    mass.later(11 * HOUR)
    assert len(mass.sent()) == 1
    mass.later(HOUR)
    [end] = mass.sent()[1:]
    assert end.startswith(
        f"■ failing — 2 of the 3 CIs that broke {SINCE} recovered: A (#3), B (#1)"
    )
    assert end.endswith("; not yet: C (#2) failing")
    mass.later(24 * HOUR)
    mass.recovers("C")
    assert "C recovered" in mass.sent()[2]
    assert len(mass.sent()) == 3


def test_one_that_comes_back_before_its_end_was_told_says_nothing(mass: Mass) -> None:
    _three(mass)
    mass.recovers("A")
    mass.later(HOUR)
    mass.comes_back("A")
    mass.later(5 * HOUR)
    assert len(mass.sent()) == 1
    for name in "ABC":
        mass.recovers(name)
    assert len(mass.sent()) == 2


def test_one_that_comes_back_after_it_is_told_again_and_its_end_too(mass: Mass) -> None:
    _three(mass)
    for name in "ABC":
        mass.recovers(name)
    mass.later(20 * HOUR)
    mass.comes_back("A")
    assert "A is again failing" in mass.sent()[2]
    mass.later(HOUR)
    mass.recovers("A")
    assert "A recovered" in mass.sent()[3]
    assert len(mass.sent()) == 4


def test_a_room_hears_of_its_own_cis_only(store: Store) -> None:
    mass = Mass(store, **TWO_ROOMS)
    mass.half_way("B", "C")
    mass.breaks("A")
    mass.opens("B")
    mass.opens("C")
    assert mass.sent("#ops")[0].endswith(": A (#3); going the same way: B, C")
    assert "A is failing" in mass.sent("#acme")[0]
    assert mass.sent("#pair")[0].endswith(": A (#3); going the same way: B")
    assert mass.sent("#none") == []
    for name in "CBA":
        mass.recovers(name)
    assert mass.sent("#ops")[1].startswith("● healthy — all 3 CIs")
    assert "A recovered" in mass.sent("#acme")[1]
    assert mass.sent("#pair")[1].startswith("● healthy — all 2 CIs")
    assert {len(mass.sent(room)) for room in ("#ops", "#acme", "#pair")} == {2}


def test_a_room_with_one_of_them_reads_that_others_broke_too(store: Store) -> None:
    mass = Mass(store, **TWO_ROOMS)
    mass.breaks("B")
    mass.breaks("A")
    mass.breaks("C")
    [row] = [row for row in mass.rows() if row.room == "#acme"]
    assert Card.from_json(row.card).text().endswith(f"2 other CIs of 3 broke {SINCE}, too")


def test_who_watches_one_of_them_reads_of_that_one(mass: Mass) -> None:
    _watch(mass, "A")
    _three(mass)
    mine = [row for row in mass.rows() if row.room == "mika"]
    assert [(row.kind, row.state, row.account) for row in mine] == [("alert", "pending", "mika")]


def _watch(mass: Mass, name: str) -> None:
    ci = mass.store.write(lambda tx: ensure_ci(tx, name, "configured", NOW))
    mass.store.write(lambda tx: put_watch(tx, StoredWatch("net", "mika", ci, "mika", NOW)))


def test_a_silenced_ci_is_not_named(mass: Mass) -> None:
    silence(mass, "B", NOW + 2 * HOUR)
    _three(mass)
    assert mass.sent()[0].endswith(": A (#3); going the same way: C")
    mass.later(HOUR)
    assert len(mass.sent()) == 1


def silence(mass: Mass, name: str, until: datetime) -> None:
    mass.store.write(lambda tx: add_silence(tx, name, NOW - MINUTE, until, "Mika", "disks"))


def test_a_silence_of_one_that_is_held_keeps_it_back(mass: Mass) -> None:
    mass.breaks("A")
    mass.breaks("B")
    silence(mass, "B", NOW + 2 * HOUR)
    mass.later(HOUR)
    assert len(mass.sent()) == 1
    mass.later(2 * HOUR)
    assert "B is failing" in mass.sent()[1]


def test_the_end_of_one_that_is_silenced_is_not_named(mass: Mass) -> None:
    _three(mass)
    mass.now += HOUR
    mass.recovers("A")
    silence(mass, "A", mass.now + 20 * HOUR)
    mass.recovers("B")
    mass.recovers("C")
    assert mass.sent()[1].startswith("● healthy — 2 of the 3 CIs")


def test_one_that_was_taken_back_while_it_was_held_is_not_told(mass: Mass) -> None:
    mass.breaks("A")
    mass.breaks("B")
    before = mass.incident("B")
    mass.becomes("B", replace(before, phase=Phase.WITHDRAWN, resolved_at=mass.now))
    mass.later(HOUR)
    assert len(mass.sent()) == 1


def test_one_that_was_half_way_and_is_gone_is_not_waited_for(mass: Mass) -> None:
    mass.half_way("B", "C")
    mass.breaks("A")
    for name in "BC":
        number = mass.of_ci[name].stored.id
        mass.store.write(lambda tx, number=number: delete_incident(tx, number))  # type: ignore[misc]
    mass.recovers("A")
    assert "A recovered" in mass.sent()[1]


def test_a_mass_failure_of_yesterday_is_another(mass: Mass) -> None:
    _three(mass)
    mass.later(26 * HOUR)
    mass.breaks("D")
    assert "D is failing" in mass.sent()[1]


def test_who_joins_late_makes_it_no_longer(mass: Mass) -> None:
    _three(mass)
    mass.later(20 * HOUR)
    mass.breaks("D")
    mass.later(5 * HOUR)
    assert "by now also: D (#4)" in mass.sent()[1]
    mass.breaks("E")
    assert "E is failing" in mass.sent()[2]


def test_what_is_known_counts_the_messages_that_told_of_it(mass: Mass) -> None:
    _three(mass)
    heard = mass.incident("B").notified
    assert isinstance(heard, Notified)
    assert (heard.count, heard.over) == (1, False)


def test_a_second_look_says_nothing_twice(mass: Mass) -> None:
    _three(mass)
    for name in "ABC":
        mass.judge(name)
    failures = MassFailures(mass.config)
    assert mass.store.write(lambda tx: failures.settle(tx, mass.now)) == 0
    assert len(mass.sent()) == 1
    mass.tick()
    assert mass.woken == 0


def test_who_joined_just_now_is_left_when_the_others_are_over(mass: Mass) -> None:
    for name in "ABC":
        mass.breaks(name)
    mass.now += 20 * MINUTE
    mass.breaks("D")
    mass.recovers("A")
    mass.recovers("B")
    mass.now += 2 * HOUR  # nobody ticks meanwhile
    mass.recovers("C")
    assert "by now also: D" in mass.sent()[-1]
    assert not any("recovered" in said for said in mass.sent())
