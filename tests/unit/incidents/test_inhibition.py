"""Silences and inhibition: what keeps an alert from going out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cibot.health.seen import Fault
from cibot.health.signal import Evidence
from cibot.incidents.inhibition import (
    Opening,
    Surroundings,
    breaks_results,
    common_breakage,
    inhibited,
    jobs_changed,
    opening,
    shared_cause,
)
from cibot.incidents.messages import Subject, together_card
from cibot.incidents.silences import silenced
from cibot.incidents.symptom import Symptom
from cibot.model import Silence, State
from cibot.text.card import line
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import cleared, incident, symptom

MINUTE = timedelta(minutes=1)


def test_a_silence_holds_from_its_start_until_just_before_its_end():
    mute = Silence(7, "net*", NOW, NOW + HOUR, "ann", "new lab", is_pattern=True)
    assert silenced([mute], "NetApp", NOW) is mute
    assert silenced([mute], "NetApp", NOW + HOUR) is None
    assert silenced([mute], "NetApp", NOW - MINUTE) is None
    assert silenced([mute], "dell", NOW) is None
    longer = Silence(7, "*", NOW, NOW + 2 * HOUR, "bob", "all", is_pattern=True)
    assert silenced([mute, longer], "netapp", NOW) is longer


def why(signal: str, around: Surroundings, *others: Symptom, severity=State.DEGRADED):
    found = symptom(signal, severity)
    return inhibited(found, incident(found, *others), around)


def test_a_greater_trouble_keeps_the_lesser_back():
    usual, stale = Surroundings(), Surroundings(feed_fresh=False)
    broken = Surroundings(reference_broken=True)
    silent = symptom("silent", State.SILENT)
    assert why("success", usual) is None
    assert why("success", stale) == why("silent", stale) == "our own feed is stale"
    for signal in ("success", "infra", "coverage", "latency", "job"):
        assert why(signal, usual, silent) == "the CI is silent"
        assert why(signal, usual, cleared(silent, NOW)) is None
    assert why("silent", broken) is None
    for signal in ("success", "level", "disagreement", "job"):
        assert why(signal, broken) == "the reference CI is broken"
        assert why(signal, Surroundings(reference_broken=True, is_reference=True)) is None
    assert why("infra", broken) is None


def test_a_missing_job_is_no_news_where_the_reference_runs_other_jobs_too():
    assert why("missing_job", Surroundings()) is None
    changed = why("missing_job", Surroundings(jobs_changed=True))
    assert changed == "the jobs of the reference CI changed as well"
    assert why("silent", Surroundings(jobs_changed=True), severity=State.SILENT) is None


def test_what_most_reports_of_a_pipeline_have_is_what_a_reference_runs():
    def sets(*words, pipeline="check"):
        return [(pipeline, frozenset(word)) for word in words]

    usual = sets("ab", "ab", "abc", "b")
    assert not jobs_changed(usual, sets("ab", "ab", "abd"))
    assert jobs_changed(usual, sets("b", "b", "b", "ab"))
    assert jobs_changed(usual, sets("abd", "abd", "ab", "abd"))
    assert not jobs_changed(usual, sets("b", "b"))  # too few to say
    assert not jobs_changed(usual, sets("x", "x", "x", pipeline="gate"))
    assert not jobs_changed([], usual)


def test_a_mild_level_without_a_reference_is_shown_and_not_sent():
    alone = Surroundings(alone=True)
    assert why("level", alone) == (
        "without a reference nobody knows whether the changes are at fault"
    )
    assert why("level", alone, severity=State.FAILING) is None
    assert why("success", alone) is None
    assert why("level", Surroundings()) is None


def test_a_reference_whose_results_are_bad_speaks_of_nobody():
    assert breaks_results(incident(symptom("level")))
    assert breaks_results(incident(symptom("infra"), symptom()))
    assert not breaks_results(incident(symptom("infra"), cleared(symptom(), NOW)))


def opened(*minutes_ago):
    return [
        Opening(f"ci{i}", NOW - ago * MINUTE, State.FAILING) for i, ago in enumerate(minutes_ago)
    ]


def test_many_at_once_are_one_message():
    assert [one.ci for one in common_breakage(opened(50, 20, 0), 10, NOW)] == ["ci0", "ci1", "ci2"]


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
    found = common_breakage(later, 10, NOW + 90 * MINUTE)
    assert found[0] == first[0]
    assert len(found) == 6
    assert common_breakage(later, 10, NOW + 300 * MINUTE) is None


def test_the_first_that_opens_speaks_for_those_that_are_half_way():
    """A common breakage raises all charts at once; the first to fire is not alone."""
    half_way = [Opening(f"p{i}", NOW - i * 60 * MINUTE, State.DEGRADED) for i in range(5)]
    found = common_breakage(opened(0), 18, NOW, half_way)
    assert [one.ci for one in found] == ["ci0", "p0", "p1", "p2", "p3", "p4"]
    assert common_breakage(opened(0), 21, NOW, half_way) is None
    assert common_breakage([], 6, NOW, half_way) is None  # nothing opened
    old = [replace(one, at=NOW - 7 * HOUR) for one in half_way]
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
    assert shared_cause(openings) == ((2,), ("tempest",))
    assert shared_cause(openings[:2]) == ((), ())
    text = together_card(openings, 10, None).text()
    assert (
        text.splitlines()[1] == "they share failures of change 2 and job tempest; look there first"
    )
    alone = [_broke(name, set(), set()) for name in "ABC"]
    assert "common cause" in together_card(alone, 10, None).text()
    began = together_card(alone, 10, None, Subject("C", onset=line("last pass 912300,1"))).text()
    assert began.splitlines()[2] == "C: last pass 912300,1"


def test_a_name_that_reads_like_a_pattern_mutes_itself_only() -> None:
    hostile = Silence(7, "[!Acme7]*", NOW, NOW + HOUR, "ann", "its own")
    assert silenced([hostile], "[!acme7]*", NOW) is hostile
    assert silenced([hostile], "NetApp", NOW) is None
    pattern = Silence(7, "[!Acme7]*", NOW, NOW + HOUR, "ann", "all others", is_pattern=True)
    assert silenced([pattern], "NetApp", NOW) is pattern
    assert silenced([pattern], "[!Acme7]*", NOW) is pattern
