"""Mass failures: when many CIs are one message, what of them is told, and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cibot.health.seen import Fault
from cibot.health.signal import Evidence, Family
from cibot.incidents.incident import Notified, Part, Transition
from cibot.incidents.mass import (
    Cause,
    Opening,
    common_breakage,
    joined,
    lasts,
    of_member,
    opening,
    settled,
    shared_cause,
    suspected,
    worth,
)
from cibot.incidents.mass_messages import Mass, ended_card, joined_card, mass_card, others_broke_too
from cibot.incidents.messages import Subject
from cibot.incidents.news import News
from cibot.model import State
from cibot.text.card import line
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import incident, symptom

MINUTE = timedelta(minutes=1)


def opened(*minutes_ago):
    return [
        Opening(f"ci{i}", NOW - ago * MINUTE, State.FAILING) for i, ago in enumerate(minutes_ago)
    ]


def test_many_at_once_are_one_message():
    assert [opening.ci for opening in common_breakage(opened(50, 20, 0), 10, NOW)] == [
        "ci0",
        "ci1",
        "ci2",
    ]


def test_fewer_than_three_or_than_thirty_percent_are_messages_of_their_own():
    assert common_breakage(opened(1, 0), 2, NOW) is None
    assert common_breakage(opened(2, 1, 0), 11, NOW) is None
    assert common_breakage(opened(200, 100, 0), 5, NOW) is None
    assert common_breakage([], 0, NOW) is None


def test_two_incidents_of_one_ci_are_one_ci():
    twice = [Opening("a", NOW, State.FAILING)] * 2
    assert common_breakage([*twice, Opening("b", NOW, State.FAILING)], 3, NOW) is None


def test_the_breakage_keeps_its_name_while_it_goes_on():
    first = common_breakage(opened(60, 30, 0), 10, NOW)
    later = [
        *opened(60, 30, 0),
        *(Opening(f"x{i}", NOW + (i + 1) * 30 * MINUTE, State.FAILING) for i in range(3)),
    ]
    broken = common_breakage(later, 10, NOW + 90 * MINUTE)
    assert broken[0] == first[0]
    assert len(broken) == 6
    assert common_breakage(later, 10, NOW + 300 * MINUTE) is None


def test_the_first_that_opens_speaks_for_those_that_are_half_way():
    """A common breakage raises all charts at once; the first to fire is not alone."""
    half_way = [Opening(f"p{i}", NOW - i * 60 * MINUTE, State.DEGRADED) for i in range(5)]
    broken = common_breakage(opened(0), 18, NOW, half_way)
    assert [opening.ci for opening in broken] == ["ci0", "p0", "p1", "p2", "p3", "p4"]
    assert common_breakage(opened(0), 21, NOW, half_way) is None
    assert common_breakage([], 6, NOW, half_way) is None  # nothing opened
    old = [replace(opening, at=NOW - 7 * HOUR) for opening in half_way]
    assert common_breakage(opened(0), 6, NOW, old) is None


def test_one_that_opens_later_belongs_to_the_breakage_that_goes_on():
    spread = opened(190, 150, 100, 50, 0)
    assert len(common_breakage(spread, 16, NOW)) == 5


def test_a_change_that_the_reference_passed_is_no_common_cause():
    run = Evidence(Fault.FAILED_ALONE, 1, 7, 1, NOW, "tempest")
    alone = opening("A", incident(symptom(first_evidence=(run,))))
    assert (alone.changes, alone.jobs) == (frozenset(), {"tempest"})
    both = opening("A", incident(symptom(first_evidence=(replace(run, fault=Fault.FAILED),))))
    assert both.changes == {(1, 7)}


def _broke(ci: str, changes: set[int], jobs: set[str]) -> Opening:
    rows = frozenset((7_000 + number, number) for number in changes)
    return Opening(ci, NOW, State.DEGRADED, rows, frozenset(jobs))


def test_what_many_share_is_named_as_their_cause():
    openings = [
        _broke("A", {1, 2}, {"tempest"}),
        _broke("B", {2}, {"tempest", "unit"}),
        _broke("C", {2, 3}, {"lint"}),
        _broke("D", {4}, {"tempest"}),
    ]
    assert shared_cause(openings) == Cause((2,), ("tempest",), ())
    assert shared_cause(openings[:2]) == Cause((), (), ())


def test_a_change_that_a_reference_passed_for_one_is_no_cause_for_another() -> None:
    openings = [_broke(name, {1, 2}, set()) for name in "ABC"]
    openings[0] = replace(openings[0], passed=frozenset({(7_001, 1)}))
    assert shared_cause(openings).changes == (2,)


def test_an_incident_that_came_back_opens_again_then() -> None:
    back = symptom(came_at=NOW + 5 * HOUR)
    again = replace(incident(back), opened_at=NOW, reopened=1)
    assert opening("A", again).at == NOW + 5 * HOUR
    assert opening("A", replace(again, reopened=0)).at == NOW
    assert opening("A", replace(again, opened_at=None)).half_way


def test_two_thirds_of_what_makes_a_mass_failure_are_a_suspicion() -> None:
    assert not suspected(opened(0), 5, NOW)
    assert suspected(opened(10, 0), 5, NOW)
    assert suspected(opened(0), 10, NOW, [Opening("p", NOW, State.DEGRADED)])
    assert not suspected(opened(10, 0), 20, NOW)
    assert not suspected(opened(90), 5, NOW)
    assert suspected(opened(10, 5, 0), 12, NOW)
    assert not suspected(opened(10, 0), 12, NOW)
    silent = replace(opened(0)[0], ci="s", family=Family.PRESENCE)
    assert not suspected([*opened(10), silent], 5, NOW)
    assert not suspected([], 5, NOW)
    assert not suspected(opened(10, 0), 2, NOW)  # two are too few for a mass failure


def test_it_lasts_while_half_of_it_is_open() -> None:
    assert lasts(4, 2)
    assert not lasts(4, 1)
    assert not lasts(1, 1)


def test_troubles_that_began_together_are_one_though_some_show_it_late() -> None:
    began = [NOW - 20 * HOUR, NOW - 18 * HOUR, NOW - 15 * HOUR]
    openings = [
        replace(opening, began=since)
        for opening, since in zip(opened(600, 200, 0), began, strict=True)
    ]
    assert [opening.ci for opening in common_breakage(openings, 10, NOW)] == ["ci0", "ci1", "ci2"]
    long_ago = [replace(openings[0], began=NOW - 40 * HOUR), *openings[1:]]
    assert common_breakage(long_ago, 10, NOW) is None
    yesterday = [replace(openings[0], at=NOW - 25 * HOUR), *openings[1:]]
    assert common_breakage(yesterday, 10, NOW) is None


def test_those_that_join_wait_for_an_hour() -> None:
    assert not joined([], NOW)
    assert not joined([NOW - 50 * MINUTE, NOW], NOW)
    assert joined([NOW - HOUR, NOW], NOW)


def test_ends_wait_for_those_that_are_left() -> None:
    assert settled([NOW], 3, 0, NOW)
    assert not settled([NOW - 5 * HOUR, NOW - HOUR], 8, 2, NOW)
    assert settled([NOW - 5 * HOUR, NOW - 3 * HOUR], 8, 2, NOW)
    assert not settled([NOW - 11 * HOUR], 2, 1, NOW)
    assert settled([NOW - 12 * HOUR], 2, 1, NOW)
    assert not settled([], 3, 0, NOW)


@pytest.mark.parametrize(
    ("steps", "is_known", "left"),
    [
        (["opened"], False, 0),
        (["opened", "escalated"], False, 0),
        (["opened", "resolved"], False, None),
        (["opened", "resolved", "reopened"], False, 2),
        (["pending", "opened"], False, 1),
        (["escalated"], False, 0),
        (["opened"], True, None),
        (["escalated"], True, 0),
        (["resolved"], True, 0),
        (["resolved", "reopened"], True, None),
        (["resolved", "reopened", "resolved"], True, 2),
    ],
)
def test_what_came_and_went_while_it_waited_is_not_told(
    steps: list[str], is_known: bool, left: int | None
) -> None:
    assert worth(steps, is_known=is_known) == left


def _news(name: str, *parts: Part, adopted: bool = False) -> News:
    step = Transition(name, NOW, State.FAILING)
    return News(step, symptom(adopted=adopted), parts)


def test_what_is_told_of_one_of_them_while_it_lasts() -> None:
    results, silent = Part(Family.RESULTS, State.FAILING), Part(Family.PRESENCE, State.SILENT)
    before = Notified((results,), State.DEGRADED, "success", 1, NOW)

    def with_others(news: News, *, going_on: bool = True, waits: bool = False) -> bool | None:
        return of_member(news, before, going_on=going_on, waits=waits)

    assert with_others(_news("resolved")) is True
    assert with_others(_news("resolved", adopted=True)) is None
    assert with_others(_news("withdrawn")) is None
    assert with_others(_news("withdrawn"), waits=True) is True
    assert with_others(_news("escalated", results)) is False
    assert with_others(_news("escalated", results, silent)) is True
    assert with_others(_news("escalated", results, silent), going_on=False) is None
    assert with_others(_news("eased", results)) is False


def _numbered(name: str, number: int, severity: State = State.FAILING) -> Opening:
    return Opening(name, NOW, severity, incident=number)


A, B, C = _numbered("acme", 3), _numbered("bolt", 4), _numbered("cube", 5, State.DEGRADED)
HALF = Opening("dell", NOW - HOUR, State.DEGRADED, incident=6, half_way=True)


def test_the_message_of_many_names_them_with_the_numbers_to_acknowledge() -> None:
    mass = Mass((A, B, C, HALF), (A, B, C, HALF), 9)
    head, advice = mass_card(mass).text().splitlines()
    assert head == (
        "■ failing — 3 of 9 CIs broke since Mon 23 Nov 12:00 UTC:"
        " acme (#3), bolt (#4), cube (#5); going the same way: dell"
    )
    assert "common cause" in advice
    began = mass_card(mass, Subject("acme", onset=line("last pass 912300,1"))).text()
    assert began.splitlines()[2] == "acme: last pass 912300,1"


def test_a_room_reads_only_the_names_of_its_own() -> None:
    mass = Mass((A,), (A, B, C), 9)
    assert mass_card(mass).text().splitlines()[0].endswith(": acme (#3) and 2 more")
    assert "bolt" not in mass_card(mass).text()
    said = "".join(span.text for span in others_broke_too(mass))
    assert said == "2 other CIs of 9 broke since Mon 23 Nov 12:00 UTC, too"


def test_what_they_share_is_where_to_look_first() -> None:
    openings = [
        replace(_broke(name, {1}, {"tempest"}), projects=frozenset({"nova"})) for name in "AB"
    ]
    openings.append(replace(_broke("C", set(), {"tempest"}), projects=frozenset({"nova"})))
    text = mass_card(Mass(tuple(openings), tuple(openings), 9)).text()
    assert text.splitlines()[1] == ("they share failures of job tempest on nova; look there first")
    three = [_broke(name, {1}, set()) for name in "ABC"]
    assert "failures of change 1; look" in mass_card(Mass(tuple(three), tuple(three), 9)).text()


def test_who_joins_is_said_in_one_line() -> None:
    mass = Mass((A, B, C), (A, B, C), 9)
    assert joined_card(mass, (C,)).text() == (
        "▲ degraded — 3 of 9 CIs broke since Mon 23 Nov 12:00 UTC, by now also: cube (#5) degraded"
    )


def test_an_end_says_who_is_left() -> None:
    mass = Mass((A, B, C), (A, B, C), 9)
    assert ended_card(mass, (A, B, C), (), NOW + 5 * HOUR).text() == (
        "● healthy — all 3 CIs that broke since Mon 23 Nov 12:00 UTC recovered:"
        " acme (#3), bolt (#4), cube (#5) (after 5 h)"
    )
    assert ended_card(mass, (A, B), (C,), NOW + 5 * HOUR).text() == (
        "▲ degraded — 2 of the 3 CIs that broke since Mon 23 Nov 12:00 UTC recovered:"
        " acme (#3), bolt (#4) (after 5 h); not yet: cube (#5) degraded"
    )
