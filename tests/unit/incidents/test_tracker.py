"""A CI's tracker: the incidents are the same however its inputs are split."""

from __future__ import annotations

import gc
import json
import random
import weakref

import pytest
from hypothesis import Phase as Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.config.judgement import Policy
from cibot.health.facts import JobRun, moment
from cibot.health.inputs import Heard
from cibot.incidents.incident import Phase
from cibot.incidents.signal_words import said
from cibot.incidents.tracker import Tracker
from cibot.model import Result, State
from tests.unit.health.facts import D, H, T, change, changes, inputs, tracked

POLICY = Policy()


def names(tracker, signal=None):
    return [
        step.transition.name
        for step in tracker.steps
        if signal is None or step.transition.signal == signal
    ]


def test_an_outage_opens_one_incident_and_its_end_closes_it():
    tracker = tracked(changes("P" * 400 + "F" * 30 + "P" * 6), T)
    assert names(tracker, "success") == ["pending", "opened", "resolved"]
    assert len({step.incident.began_at for step in tracker.steps}) == 1
    incident = tracker.incident
    success = incident.symptom("success")
    assert (incident.phase, success.severity) == (Phase.RESOLVED, State.FAILING)
    assert success.since == moment(T - 35 * H)
    assert incident.opened_at <= moment(T - 32 * H)  # the fourth failure
    assert incident.resolved_at <= moment(T - H)  # the fifth pass
    assert success.first_bad.number == 1400


def test_a_good_ci_has_no_incidents():
    tracker = tracked(changes("P" * 400))
    assert (tracker.steps, tracker.incident) == ([], None)


def test_silence_opens_by_time_alone_and_at_its_own_time():
    missed = [change([], [(0.5, 1, "P")], (0,), 9000 + i, T + i * H) for i in range(6)]
    tracker = tracked(changes("P" * 100, until=T - H) + missed, T + 30 * D)
    silent = tracker.incident
    assert (silent.phase, silent.severity) == (Phase.FIRING, State.SILENT)
    # the fourth missed one is due as long after its upload as the CI takes at most
    assert silent.opened_at == moment(T + 2 * H + tracker.judge.latency.allowed(T))
    assert silent.since == moment(T - H)


def test_a_spell_that_is_noticed_at_a_fraction_of_a_second_lasts_from_its_beginning():
    """Deadlines lie a percentile of times after the upload: hardly ever at a whole microsecond."""
    missed = [change([], [(0.5, 1, "P")], (0,), 9000 + i, T + i * H) for i in range(6)]
    tracker = Tracker(POLICY)
    tracker.judge.latency.allowed = lambda _at: 2 * H + 1 / 3
    tracker.advance(inputs(changes("P" * 100, until=T - H) + missed), T + D)
    silence = tracker.incident.symptom("silent")
    assert tracker.spells.open["silent"].since == T - H == silence.since.timestamp()


def alone(jobs):
    """Changes where no reference is, after 400 that passed: each fails one job."""
    made = changes("P" * 400 + "F" * len(jobs), reference=None)
    for facts, job in zip(made[400:], jobs, strict=True):
        facts.own[0].runs = (JobRun(job, Result.FAIL),)
    return made


def test_who_is_at_fault_is_decided_again_as_more_changes_fail():
    """Eight changes that fail a job each may all be bad, but not when ten more fail one job."""
    other = [f"job-{i}" for i in range(8)]
    early, late = tracked(alone(other)), tracked(alone([*other, *["unit"] * 10]))
    assert names(early, "success") == names(late, "success") == ["pending", "opened"]
    assert (early.incident.symptom("success").undecided, early.decided) == (True, [])
    assert not late.incident.symptom("success").undecided
    [decided] = late.decided
    assert decided.incident.symptom("success").accuses
    assert decided.transition.at == moment(T - H)  # nine of seventeen
    late.begin()
    assert late.decided == []


def test_a_step_shows_what_the_other_symptoms_say_by_then():
    """A drop that had failed seven of seven is one of seven of twelve when the CI goes silent."""
    before = changes("P" * 400 + "F" * 7 + "PF" * 3, until=T - H)
    missed = [change([], [(0.5, 1, "P")], (0,), 9000 + i, T + i * H) for i in range(6)]
    tracker = tracked([*before, *missed], T + D)
    [step] = [step for step in tracker.steps if step.transition.signal == "silent"]
    drop = step.incident.symptom("success").seen.drop
    assert (drop.n, drop.passes) == (13, 3)


def test_what_lasts_is_shown_as_it_is_now():
    tracker = tracked(changes("P" * 400 + "F" * 30))
    opened = tracker.incident.symptom("success")
    now = tracker.shown().symptom("success")
    assert now.first_evidence == opened.first_evidence
    assert now.evidence[0].number == 1429
    assert (now.figure, now.n) != (opened.figure, opened.n)


def test_what_lasts_while_too_little_is_known_is_not_shown_by_what_was_known_once():
    tracker = tracked(changes("PFFF" * 40), T)
    tracker.advance([], T + 30 * D)
    level = tracker.shown().symptom("level")
    assert (level.fires, level.n, said(level.seen)) == (True, 0, "no results in 28 days")
    assert tracker.incident.symptom("level").n > 0


def test_a_border_case_recovers_as_time_passes():
    tracker = tracked(changes("P" * 400 + "F" * 30 + "P" * 6), T)
    tracker.advance([Heard(T + D, 1, 1, "nova", "master", True)], T + 2 * D)
    assert not tracker.incident.symptom("success").stands


def test_a_tracker_that_is_given_up_frees_its_memory_at_once():
    """Going back to an earlier state gives one up for each late comment: no search for cycles."""
    tracker = tracked(changes("P" * 60 + "F" * 30), T)
    tracker.judge.health(T, feed_fresh=True)
    again = Tracker.of(POLICY, json.loads(json.dumps(tracker.row())))
    given_up = [weakref.ref(each) for each in (tracker.judge, again.judge)]
    gc.disable()
    try:
        del tracker, again
        assert [ref() for ref in given_up] == [None, None]
    finally:
        gc.enable()


def test_what_was_not_stored_by_it_is_refused():
    row = tracked(changes("P" * 40)).row()
    with pytest.raises(KeyError):
        Tracker.of(POLICY, {"at": 1.0})
    with pytest.raises(ValueError, match="shorter"):
        Tracker.of(POLICY, row | {"judge": row["judge"][:3]})


def history(seed):
    """Weeks of a CI in good and bad times, silences and breakages among them."""
    rng, made, at = random.Random(seed), [], T
    for number in range(rng.randint(50, 350)):
        if number % 60 == 0:
            share = rng.choice([1.0, 0.95, 0.8, 0.5, 0.0])
            infra = rng.choice([0.0, 0.0, 0.4])
            covers = rng.choice([1.0, 1.0, 0.6, 0.0])
            every = rng.choice([H / 6, H, 5 * H])
            slow = rng.choice([1, 1, 6])
        at += rng.expovariate(1) * every
        own, theirs, uploads = [], [], [0.0]
        for patch_set in range(1, rng.choice([2, 2, 2, 3])):
            begun = uploads[-1]
            for _ in range(rng.choice([1, 1, 2])):
                if rng.random() < covers:
                    letter = "I" if rng.random() < infra else "PF"[rng.random() > share]
                    own.append((begun + slow * rng.uniform(0.2, 1), patch_set, letter))
                if rng.random() < 0.95:
                    theirs.append((begun + rng.uniform(0.1, 2), patch_set, rng.choice("PPPPF")))
            uploads.append(begun + rng.uniform(1, 9))
        made.append(change(own, theirs, uploads[:-1], number, at, referenced=lambda _at: True))
        made[-1].closed_at = at + 30 * H if rng.random() < 0.5 else None
    return inputs(made), at + 3 * D


@pytest.mark.no_cover  # tracing would triple its time; shorter tests cover each line
# A seed does not get simpler by shrinking.
@settings(max_examples=40, deadline=None, phases=[Stage.explicit, Stage.reuse, Stage.generate])
@given(st.integers(0, 10**6), st.lists(st.floats(0, 1), max_size=6), st.booleans())
def test_a_tracker_restored_midway_ends_the_same(seed, parts, read):
    events, end = history(seed)
    whole = Tracker(POLICY)
    whole.advance(events, end)
    cuts = sorted(T + share * (end - T) for share in parts)
    tracker, steps, since = Tracker(POLICY), [], -1.0
    for cut in [*cuts, end]:
        tracker = Tracker.of(POLICY, json.loads(json.dumps(tracker.row())))
        tracker.advance([event for event in events if since < event.at <= cut], cut)
        steps += tracker.steps
        tracker.steps = []
        if read:
            tracker.judge.health(cut, True)
            tracker.shown()
        since = cut
    assert steps == whole.steps
    if not read:  # else its windows may have slid on
        assert tracker.row() == whole.row()
    assert tracker.judge.health(end, True) == whole.judge.health(end, True)


@pytest.mark.parametrize("seed", range(40))
def test_every_incident_of_a_tracker_makes_sense(seed):
    events, end = history(seed)
    tracker = Tracker(POLICY)
    tracker.advance(events, end)
    last = moment(0)
    for tracker_step in tracker.steps:
        incident, step = tracker_step.incident, tracker_step.transition
        assert incident.changed_at == step.at <= moment(end)
        assert incident.since is None or incident.since <= step.at
        assert step.at >= last
        last = step.at
        if step.name in ("opened", "reopened", "escalated", "joined"):
            symptom = incident.symptom(step.signal)
            assert symptom.fires
            assert said(symptom.seen)
            assert symptom.evidence or symptom.signal == "latency"
