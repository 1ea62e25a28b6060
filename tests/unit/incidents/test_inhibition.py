"""Silences and inhibition: what keeps an alert from going out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cibot.health.chart import Drop
from cibot.health.seen import Fault, FaultShare, OwnPast, PassRate, Period
from cibot.incidents.news import (
    Surroundings,
    breaks_results,
    inhibited,
    jobs_changed,
)
from cibot.incidents.routing import silenced
from cibot.incidents.symptom import Symptom
from cibot.model import Silence, State
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
    accusing = symptom(signal, severity)
    return inhibited(accusing, incident(accusing, *others), around, NOW)


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
        "without a reference it is not known whether the changes are at fault"
    )
    assert why("level", alone, severity=State.FAILING) is None
    assert why("success", alone) is None
    assert why("level", Surroundings()) is None


@pytest.mark.parametrize("usual", [False, True])
def test_what_has_always_been_so_is_no_news(usual):
    week = Period(timedelta(days=28))
    seen = FaultShare(Fault.PASSED_ALONE, 24, 24, week, 20, 0.75, usual=usual)
    accusing = symptom("passes_everything", seen=seen)
    assert (inhibited(accusing, incident(accusing), Surroundings(), NOW) is None) is not usual


@pytest.mark.parametrize(
    ("severity", "again", "alike", "stacks", "news"),
    [
        (State.DEGRADED, 0, 4, 4, False),
        (State.DEGRADED, 2, 1, 4, True),
        (State.FAILING, 0, 3, 4, True),
        (State.FAILING, 0, 3, 2, False),
        (State.FAILING, 0, 2, 4, False),
        (State.FAILING, 2, 0, 4, True),
    ],
    ids=["mild", "mild and flaky", "one job", "few stacks", "many jobs", "many jobs and flaky"],
)
def test_a_drop_without_a_reference_is_news_where_the_changes_are_not_at_fault(
    severity, again, alike, stacks, news
):
    rate = PassRate(1, 5, Period(timedelta(7)), 20, False, 0.8, 0.5)
    drop = Drop(NOW, 0.95, 5, 1, 4, again, changes=4, alike=alike, stacks=stacks)
    accusing = symptom("success", severity, seen=OwnPast(rate, 0.9, 400, 100, drop))
    kept_back = inhibited(accusing, incident(accusing), Surroundings(alone=True), NOW)
    assert (kept_back is None) is news
    assert inhibited(accusing, incident(accusing), Surroundings(), NOW) is None


def test_a_drop_that_accuses_weeks_after_it_was_noticed_is_how_the_ci_is_by_then():
    rate = PassRate(10, 30, Period(timedelta(7)), 20, False, 0.8, 0.5)
    drop = Drop(NOW, 0.95, 30, 10, 20, 12, changes=20, alike=4, stacks=20)
    accusing = symptom("success", State.FAILING, seen=OwnPast(rate, 0.9, 400, 100, drop))
    alone, within = Surroundings(alone=True), incident(accusing)
    noticed = accusing.came_at
    assert inhibited(accusing, within, alone, noticed + timedelta(days=27)) is None
    assert inhibited(accusing, within, alone, noticed + timedelta(days=28)) is not None
    assert inhibited(accusing, within, Surroundings(), noticed + timedelta(days=28)) is None
    behind = replace(accusing, seen=replace(accusing.seen, drop=replace(drop, past=True)))
    assert inhibited(behind, within, alone, noticed) is not None


def test_a_reference_whose_results_are_bad_speaks_of_nobody():
    assert breaks_results(incident(symptom("level")))
    assert breaks_results(incident(symptom("infra"), symptom()))
    assert not breaks_results(incident(symptom("infra"), cleared(symptom(), NOW)))


def test_a_name_that_reads_like_a_pattern_mutes_itself_only() -> None:
    hostile = Silence(7, "[!Acme7]*", NOW, NOW + HOUR, "ann", "its own")
    assert silenced([hostile], "[!acme7]*", NOW) is hostile
    assert silenced([hostile], "NetApp", NOW) is None
    pattern = Silence(7, "[!Acme7]*", NOW, NOW + HOUR, "ann", "all others", is_pattern=True)
    assert silenced([pattern], "NetApp", NOW) is pattern
    assert silenced([pattern], "[!Acme7]*", NOW) is pattern
