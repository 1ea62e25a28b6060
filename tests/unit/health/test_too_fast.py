"""Jobs that pass in an implausible fraction of the time that they took before."""

from __future__ import annotations

import random

from cibot.health.facts import JobRun, moment
from cibot.health.inputs import RunEnded
from cibot.health.too_fast import TooFast, TooFastPolicy
from cibot.incidents.signal_words import said
from cibot.model import Result, State
from tests.unit.health.facts import D, H, T, proof

POLICY = TooFastPolicy()
MIN = 60.0


def passes(times, until=T, every=2 * H, first=1000, job="tempest", project="nova", **fields):
    """A report a time, each on a change of its own; the last one at ``until``."""
    last = len(times) - 1
    events = []
    for i, seconds in enumerate(times):
        at = until - (last - i) * every
        run = JobRun(job, Result.PASS, f"https://logs.example/{i}", seconds=seconds)
        run, why = run._replace(**fields), proof(first + i, at)
        events.append(RunEnded(at, project, True, (run,), why, at - H))
    return events


def usual(n=60, seed=1):
    rng = random.Random(seed)
    return [51 * MIN * rng.lognormvariate(0, 0.2) for _ in range(n)]


def fed(*parts):
    kind = TooFast(POLICY)
    for each in sorted((event for many in parts for event in many), key=lambda event: event.at):
        kind.take(each)
    return kind


def test_a_job_that_took_an_hour_and_takes_seconds_is_told_after_four_passes():
    assert not fed(passes([*usual(), 40, 40, 40])).standing(T, True).bad
    signal = fed(passes([*usual(), 40, 40, 40, 40])).signal(T)
    assert (signal.verdict, signal.n, signal.since) == (State.DEGRADED, 4, moment(T - 6 * H))
    assert [run.number for run in signal.evidence] == [1063, 1060, 1059]
    assert {run.job for run in signal.evidence} == {"tempest"}


def test_what_is_faster_but_plausible_is_no_news():
    assert not fed(passes([*usual(), *[20 * MIN] * 30])).standing(T, True).bad


def test_a_job_that_often_has_nothing_to_do_is_known_for_it():
    rng = random.Random(3)
    mixed = [40.0 if rng.random() < 0.15 else 51 * MIN for _ in range(60)]
    assert not fed(passes([*mixed, *[40.0] * 4])).standing(T, True).bad


def test_one_change_and_one_stack_of_changes_count_once():
    past = passes(usual(), until=T - D)
    fast = passes([40.0] * 9, first=5000)
    assert (
        not fed(past, [event._replace(proof=fast[0].proof) for event in fast]).standing(T, True).bad
    )
    at_once = [event._replace(uploaded=fast[0].uploaded) for event in fast]
    assert not fed(past, at_once).standing(T, True).bad
    assert fed(past, fast).standing(T, True).bad


def test_only_passes_of_voting_jobs_that_say_how_long_they_took_count():
    past = passes(usual(), until=T - D)
    for fields in ({"result": Result.FAIL}, {"voting": False}, {"seconds": None}):
        assert not fed(past, passes([40.0] * 9, first=5000, **fields)).standing(T, True).bad


def test_a_short_job_is_not_judged():
    assert not fed(passes([60.0] * 60 + [2.0] * 20)).standing(T, True).bad


def test_each_project_has_a_past_of_its_own():
    elsewhere = passes([2 * MIN] * 60, first=5000, project="docs")
    assert not fed(passes(usual()), elsewhere).standing(T, True).bad


def test_it_is_well_after_two_usual_passes():
    fast = [*usual(), *[40.0] * 6]
    assert fed(passes([*fast, 51 * MIN])).standing(T, True)[:2] == (State.HEALTHY, False)
    assert fed(passes([*fast, 51 * MIN, 51 * MIN])).standing(T, True)[:2] == (State.HEALTHY, True)


def test_after_28_days_it_is_how_the_job_is():
    kind = fed(passes([*usual(), *[40.0] * 400]))
    assert (kind.standing(T, True).bad, kind.signal(T).clears) == (False, True)
    assert "this is how it is now" in said(kind.signal(T).seen)


def test_more_jobs_than_are_kept_make_room():
    kind = TooFast(POLICY)
    for i in range(700):
        kind.take(passes([51 * MIN], job=f"job-{i}")[0])
    assert len(kind.row()[0]) == 300


def test_its_state_goes_to_plain_values_and_back():
    events = passes([*usual(), *[40.0] * 6, 51 * MIN, 40.0])
    whole, again = fed(events), TooFast(POLICY)
    again.read(fed(events[:64]).row())
    for each in events[64:]:
        again.take(each)
    assert again.row() == whole.row()
    assert again.signal(T) == whole.signal(T)


def test_honest_jobs_are_never_told():
    """Ten years of a job with a long tail, which has nothing to do for one change in fifty."""
    rng, kind, bad = random.Random(5), TooFast(POLICY), 0
    lengths = [
        40.0 if rng.random() < 0.02 else 51 * MIN * rng.lognormvariate(0, 0.6)
        for _ in range(3650 * 9)
    ]
    for each in passes(lengths, every=D / 9):
        kind.take(each)
        bad += kind.standing(each.at, True).bad
    assert bad == 0
