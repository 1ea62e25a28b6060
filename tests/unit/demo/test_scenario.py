"""The demo's past is always the same, looks like a month of work, and holds its stories."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from cibot.collector.discovery import MESSAGES
from cibot.config.policy import ChartPolicy
from cibot.demo.cast import ACME, BLOCK, BOREALIS, COBALT, VENDORS, ZUUL
from cibot.demo.configuration import demo_config
from cibot.demo.director import CALM, Director
from cibot.demo.reviews import Reviews
from cibot.demo.scenario import Merge, Push, Remark, Scenario, busyness, week_of_uploads
from cibot.health.chart import Chart

MONDAY = datetime(2026, 11, 23, 14, 57, 3, tzinfo=UTC)
STARTS = [MONDAY + timedelta(hours=hours) for hours in range(0, 168, 23)]
FAILURES = ("FAILURE:", "Build failed")


@cache
def history(start):
    """The past of the usual seed, made once."""
    return Scenario(start).history()


def uploads(deeds):
    return {(deed.change, deed.patch_set): deed for deed in deeds if isinstance(deed, Push)}


def verdicts(deeds, vendor):
    """Each final comment of a vendor."""
    return [deed for deed in deeds if isinstance(deed, Remark) and deed.author == vendor.number]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_is_the_same_play(seed):
    plays = []
    for _ in range(2):
        scenario = Scenario(MONDAY, seed)
        plays.append((scenario.history(), [scenario.live(MONDAY, 1.0) for _ in range(20)]))
    assert plays[0] == plays[1]


def test_seeds_differ():
    assert history(MONDAY) != Scenario(MONDAY, 2).history()


def test_the_past_is_a_month_of_a_working_week():
    deeds = history(MONDAY)
    assert deeds == sorted(deeds, key=lambda deed: deed.at)
    own = [deed for deed in deeds if isinstance(deed, Push)]
    assert len(own) == 560
    assert MONDAY - timedelta(days=29) < own[0].at
    assert own[-1].at < MONDAY
    days = Counter(push.at.weekday() for push in own)
    assert min(days[day] for day in range(5)) > 4 * max(days[5], days[6]) / 2
    night = sum(push.at.hour < 6 for push in own)
    assert night < len(own) / 10
    assert sum(isinstance(deed, Merge) for deed in deeds) > 100
    assert {deed.author for deed in deeds if isinstance(deed, Remark)} >= {
        v.number for v in VENDORS
    }


def test_a_weekend_is_quiet():
    saturday = MONDAY + timedelta(days=5)
    assert 0 < busyness(saturday) < busyness(MONDAY) / 4


def test_nobody_answers_before_the_upload_or_long_after():
    deeds = history(MONDAY)
    own = uploads(deeds)
    for deed in deeds:
        if isinstance(deed, Remark):
            waited = deed.at - own[deed.upload.change, deed.upload.patch_set].at
            assert timedelta(0) < waited < timedelta(hours=3)


@pytest.mark.parametrize("start", STARTS, ids=lambda moment: f"{moment:%a-%H}")
def test_borealis_misses_its_third_deadline_soon_after_the_start(start):
    deeds = history(start)
    heard = max(remark.at for remark in verdicts(deeds, BOREALIS))
    assert start - timedelta(hours=5) < heard < start - timedelta(hours=3, minutes=45)
    missed = sorted(
        push.at
        for push in uploads(deeds).values()
        if push.project == BLOCK
        and push.at > heard
        and push.at + timedelta(hours=1) < start + CALM * 4
    )
    assert len(missed) == 3
    assert missed[-1] + timedelta(hours=1) - start.replace(microsecond=0) == timedelta(seconds=25)
    assert all(
        max(ps for number, ps in uploads(deeds) if number == change) == patch_set
        for (change, patch_set), push in uploads(deeds).items()
        if push.at in missed and push.project == BLOCK
    )


@pytest.mark.parametrize("start", STARTS, ids=lambda moment: f"{moment:%a-%H}")
@pytest.mark.parametrize("vendor", [COBALT, ACME], ids=lambda vendor: vendor.username)
def test_at_the_start_cobalt_has_dropped_within_a_day_and_acme_has_not(start, vendor):
    """On any day of the week: what opened earlier is no news to who judges for the first time."""
    deeds = history(start)
    passed = {
        (remark.upload.change, remark.upload.patch_set)
        for remark in verdicts(deeds, ZUUL)
        if remark.said.text.startswith("Build succeeded")
    }
    chart, noticed = Chart(ChartPolicy()), None
    for remark in verdicts(deeds, vendor):
        if (remark.upload.change, remark.upload.patch_set) in passed and remark.at <= start:
            chart.add(not remark.said.text.startswith(FAILURES), remark.at.timestamp())
            noticed = noticed or (chart.drop and remark.at)
    if vendor is COBALT:
        assert start - noticed < timedelta(hours=22)
    else:
        assert noticed is None
        assert chart.baseline.ready


def test_live_acme_fails_cobalt_passes_and_borealis_says_nothing():
    scenario = Scenario(MONDAY)
    scenario.history()
    deeds = [deed for step in range(120) for deed in scenario.live(MONDAY + step * CALM, 1.0)]
    assert all(remark.said.text.startswith(FAILURES) for remark in verdicts(deeds, ACME))
    assert not verdicts(deeds, BOREALIS)
    said = Counter(remark.said.text.startswith(FAILURES) for remark in verdicts(deeds, COBALT))
    assert said[False] > 3 * said[True]
    own = uploads(deeds)
    assert all(
        deed.at - own[deed.upload.change, deed.upload.patch_set].at < timedelta(seconds=30)
        for deed in deeds
        if isinstance(deed, Remark)
    )


def test_the_director_does_everything_in_its_time():
    reviews, scenario = Reviews(), Scenario(MONDAY)
    events: list[dict] = []
    director = Director(reviews, scenario)
    past = director.past()
    assert past == sum(len(info["messages"]) for info in reviews.newest_first(None, None)) > 3000
    reviews.listeners.append(events.append)
    moment = MONDAY
    while moment < MONDAY + timedelta(seconds=30):
        again = director.go_on(moment)
        assert again > moment
        moment = again
    kinds = Counter(event["type"] for event in events)
    assert kinds["patchset-created"] == 30
    assert kinds["comment-added"] > 60
    moment = MONDAY + timedelta(minutes=5)
    director.go_on(moment)
    assert director.go_on(moment + CALM / 3) >= moment + CALM / 3


def test_a_week_of_uploads_lies_in_its_week():
    times = week_of_uploads(random.Random(3), 50, MONDAY)
    assert len(times) == 50
    assert times == sorted(times)
    assert MONDAY - timedelta(days=7) <= times[0]
    assert times[-1] < MONDAY + timedelta(hours=1)


@pytest.mark.parametrize("start", STARTS, ids=lambda start: f"{start:%a-%H}")
def test_at_the_start_every_ci_is_known_by_name_or_by_what_it_wrote(start):
    """On any day of the week: a CI that is young has written little after a weekend."""
    deeds = history(start)
    named = {ci.name for ci in demo_config("http://127.0.0.1:1", "x", "127.0.0.1:2", VENDORS).ci}
    for vendor in VENDORS:
        changes = {remark.upload.change for remark in verdicts(deeds, vendor) if remark.at <= start}
        assert vendor.name in named or len(changes) >= MESSAGES, vendor.name
