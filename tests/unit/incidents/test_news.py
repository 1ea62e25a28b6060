"""What people should hear of incidents: each news once, however late it is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cibot.incidents.incident import Incident, Phase, Told
from cibot.incidents.inhibition import AFTERMATH, Surroundings, over_of, told_of
from cibot.incidents.news import decide, knowing, news
from cibot.model import State
from tests.unit.health.facts import HOUR, NOW

LATER = NOW + 5 * HOUR
BAD = Incident(
    "success", Phase.FIRING, State.DEGRADED, NOW, opened_at=NOW, since=NOW - HOUR, said="bad"
)
OVER = replace(BAD, phase=Phase.RESOLVED, resolved_at=NOW + 2 * HOUR, said="well")


def told(incident, severity=State.DEGRADED, *, over=False, since=NOW - HOUR, count=1):
    return replace(incident, told=Told(severity, over, since, count))


@pytest.mark.parametrize(
    ("incident", "name"),
    [
        (BAD, "opened"),
        (replace(BAD, phase=Phase.ACKNOWLEDGED), "opened"),
        (replace(BAD, phase=Phase.PENDING, opened_at=None), None),
        (replace(BAD, phase=Phase.RECOVERING), None),
        (OVER, None),  # nobody knew of it
        (told(BAD), None),
        (told(replace(BAD, severity=State.FAILING)), "escalated"),
        (told(BAD, State.FAILING), None),
        (told(replace(BAD, phase=Phase.RECOVERING)), None),
        (told(OVER), "resolved"),
        (told(OVER, over=True), None),
        (told(BAD, over=True), "reopened"),
        (told(replace(BAD, phase=Phase.WITHDRAWN)), "withdrawn"),
        (told(replace(BAD, phase=Phase.WITHDRAWN), over=True), None),
        (told(BAD, since=NOW - 3 * HOUR), "corrected"),
        (told(BAD, since=NOW - HOUR - timedelta(minutes=9)), None),
        (told(BAD, since=NOW - 3 * HOUR, count=0), None),  # nobody was told
    ],
)
def test_the_news_of_an_incident(incident, name):
    step = news(incident, LATER)
    assert (step.name if step else None) == name
    if step is not None:
        assert news(knowing(incident, step), LATER) is None


def test_a_correction_says_what_is_wrong():
    assert news(told(BAD, since=NOW - 3 * HOUR), LATER).reason == (
        "as late comments show, this began 2026-11-23 11:00 UTC"
    )


def test_it_counts_how_often_people_were_told():
    once = knowing(BAD, news(BAD, LATER))
    assert (once.told.count, once.told.over, once.told.since) == (1, False, NOW - HOUR)
    assert knowing(BAD, news(BAD, LATER), loud=False).told.count == 0
    over = replace(once, phase=Phase.RESOLVED, resolved_at=NOW + HOUR)
    assert knowing(over, news(over, LATER)).told == Told(State.DEGRADED, True, NOW - HOUR, 2)


def test_the_worst_is_told_first_and_explains_what_is_milder():
    level = replace(BAD, kind="level", severity=State.FAILING)
    first, second = decide([BAD, level], Surroundings(), LATER)
    assert (first.incident.kind, first.kept_back) == ("level", None)
    assert (second.incident.kind, second.kept_back) == (
        "success",
        "its level incident explains it",
    )


def test_an_end_is_told_though_a_trouble_keeps_openings_back():
    around = Surroundings(feed_fresh=False)
    (found,) = decide([told(OVER)], around, LATER)
    assert (found.step.name, found.kept_back) == ("resolved", None)
    (found,) = decide([BAD], around, LATER)
    assert found.kept_back == "our own feed is stale"


def test_an_end_says_what_fires_beside_it_and_is_quiet_where_people_know_of_that():
    job = told(replace(OVER, kind="job"))
    level = replace(BAD, kind="level", severity=State.FAILING)
    (alone,) = decide([job], Surroundings(), LATER)
    assert (alone.quiet, alone.lasts) == (False, None)
    opened, ended = decide([job, level], Surroundings(), LATER)
    assert (opened.step.name, opened.kept_back) == ("opened", None)
    assert (ended.step.name, ended.quiet) == ("resolved", True)
    (unheard,) = decide([told(OVER, count=0)], Surroundings(), LATER)
    assert (unheard.step.name, unheard.quiet) == ("resolved", True)
    stale = Surroundings(feed_fresh=False)
    kept, ended = decide([job, level], stale, LATER)
    assert kept.kept_back is not None
    assert (ended.quiet, ended.lasts) == (False, level)


def test_what_explains_an_alert_that_is_over_does_not_explain_worse():
    ended = told(replace(OVER, kind="job"), over=True)
    assert over_of([ended, BAD], LATER) == {"job": State.DEGRADED}
    assert over_of([told(ended, over=True, count=0)], LATER) == {}  # nobody heard of it
    assert over_of([ended], OVER.resolved_at + AFTERMATH + HOUR) == {}
    worse = told(ended, State.FAILING, over=True)
    for both in ([ended, worse], [worse, ended]):
        assert over_of(both, LATER) == {"job": State.FAILING}
    assert told_of([told(BAD), ended, replace(BAD, kind="job")]) == {"success": State.DEGRADED}
