"""Jobs that are missing from reports that come as usual."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from cibot.health.facts import JobRun, moment
from cibot.health.inputs import RunEnded
from cibot.health.missing import MissingJobPolicy, MissingJobs
from cibot.incidents.signal_words import said
from cibot.model import Result, State
from tests.unit.health.facts import LETTERS, D, H, T, change, of_kind, proof

POLICY = MissingJobPolicy()


def reports(jobs, until=T, every=2 * H, first=1000, branch="master", passed=True, project="nova"):
    """A report a word, each on a change of its own: its jobs, a letter each; the last at T."""
    last = len(jobs) - 1
    return [
        RunEnded(
            at := until - (last - i) * every,
            project,
            passed,
            tuple(JobRun(job, LETTERS["P"], f"https://logs.example/{job}/{i}") for job in word),
            proof(first + i, at, branch=branch),
            at - H,
        )
        for i, word in enumerate(jobs)
    ]


def fed(*parts, policy=POLICY):
    kind = MissingJobs(policy)
    for each in sorted((event for many in parts for event in many), key=lambda event: event.at):
        kind.take(each)
    return kind


def test_a_job_that_was_always_there_is_missed_after_four_changes():
    assert fed(reports(["ab"] * 100 + ["a"] * 3)).signal(T).verdict is State.HEALTHY
    signal = fed(reports(["ab"] * 100 + ["a"] * 4)).signal(T)
    assert signal.verdict is State.DEGRADED
    assert (signal.n, signal.since) == (4, moment(T - 6 * H))


def test_a_job_that_a_report_names_twice_counts_once():
    assert not fed(reports(["abb"] * 25)).signal(T).verdict.bad
    signal = fed(reports(["abb"] * 100 + ["a"] * 4)).signal(T)
    assert "it was in 100 % of 100 before" in str(said(signal.seen))


def test_evidence_is_the_first_report_without_it_and_the_last_with_it():
    signal = fed(reports(["ab"] * 100 + ["a"] * 5)).signal(T)
    assert [(run.number, run.job) for run in signal.evidence] == [
        (1104, None), (1100, None), (1099, "b"),
    ]  # fmt: skip
    assert signal.evidence[-1].url == "https://logs.example/b/99"


@pytest.mark.parametrize(("share", "more"), [(1.0, 4), (0.9, 5)])
def test_how_many_are_too_many_follows_from_its_share(share, more):
    """As for silence."""
    n = 100
    past = ["ab" if i < share * n else "a" for i in range(n)]
    random.Random(4).shuffle(past)
    past = [*past, "ab"]
    assert not fed(reports(past + ["a"] * (more - 1))).standing(T, True).bad
    assert fed(reports(past + ["a"] * more)).standing(T, True).bad


def test_a_job_that_runs_now_and_then_is_never_missed():
    rng = random.Random(7)
    past = ["ab" if rng.random() < 0.6 else "a" for _ in range(200)]
    assert not fed(reports(past + ["a"] * 60)).standing(T, True).bad


def test_a_job_is_missing_only_where_it_ran():
    """Another project, branch or pipeline without it says nothing."""
    here = reports(["ab"] * 100, until=T - D)
    for elsewhere in ({"project": "cinder"}, {"branch": "stable/2026.2"}):
        assert not fed(here, reports(["a"] * 50, first=5000, **elsewhere)).standing(T, True).bad
    other = [
        event._replace(proof=event.proof._replace(pipeline="arm"))
        for event in reports(["a"] * 50, first=5000)
    ]
    assert not fed(here, other).standing(T, True).bad
    stable = reports(["ab"] * 60 + ["a"] * 5, first=5000, branch="stable/2026.2")
    assert fed(reports(["ab"] * 400, every=H / 2), stable).standing(T, True).bad


def test_one_change_and_one_stack_of_changes_count_once():
    past = reports(["ab"] * 100, until=T - D)
    without = reports(["a"] * 9, first=5000)
    again = [event._replace(proof=without[0].proof) for event in without]
    assert not fed(past, again).standing(T, True).bad
    at_once = [event._replace(uploaded=without[0].uploaded) for event in without]
    assert not fed(past, at_once).standing(T, True).bad
    assert fed(past, without).standing(T, True).bad


def test_reports_that_did_not_pass_say_nothing_of_what_is_missing():
    past = reports(["ab"] * 100, until=T - 2 * D)
    assert not fed(past, reports(["a"] * 20, first=5000, passed=False)).standing(T, True).bad
    seen = reports(["a", "a", "a"], until=T - D, first=5000)
    failed = reports(["ab"], until=T - D / 2, first=6000, passed=False)
    assert not fed(past, seen, failed, reports(["a"], first=7000)).standing(T, True).bad


def test_it_is_there_again_after_two_reports():
    gone = ["ab"] * 100 + ["a"] * 6
    assert fed(reports([*gone, "ab"])).standing(T, True)[:2] == (State.HEALTHY, False)
    assert fed(reports([*gone, "ab", "ab"])).standing(T, True)[:2] == (State.HEALTHY, True)


def test_it_is_not_there_again_while_it_is_there_for_some_changes_only():
    gone = ["ab"] * 100 + ["a"] * 6
    assert fed(reports([*gone, "ab", "a", "ab"])).standing(T, True)[1] is False
    signal = fed(reports([*gone, "ab", "a"])).signal(T)
    assert (signal.verdict, signal.since) == (State.DEGRADED, moment(T - 14 * H))
    assert fed(reports([*gone, "ab", "a", "ab", "ab"])).standing(T, True)[1] is True


def test_what_runs_again_on_one_change_is_there_once():
    past = reports(["ab"] * 100 + ["a"] * 6, until=T - D)
    again = [reports(["ab"], until=T + i * H, first=5000) for i in range(3)]
    assert fed(past, *again).standing(T, True)[1] is False


def test_a_job_that_another_one_replaces_is_adopted_at_once():
    kind = fed(reports(["ab"] * 100 + ["ac"] * 8))
    signal = kind.signal(T)
    assert signal.verdict is State.HEALTHY
    assert "c took the place of b" in said(signal.seen)
    assert "took the place" not in said(kind.signal(T + 8 * D).seen)


def with_jobs(events, names):
    """The reports with a job more, where a name is given."""
    return [
        event._replace(runs=(*event.runs, JobRun(name, Result.PASS))) if name else event
        for event, name in zip(events, names, strict=True)
    ]


@pytest.mark.parametrize(
    ("new", "first", "is_bad"),
    [
        ("verify-manifest-java", 100, False),
        ("verify-manifest-java", 103, True),
        ("verify-python", 100, True),
    ],
)
def test_a_job_that_came_with_the_first_report_without_another_took_its_place(new, first, is_bad):
    """Where its name says so: a new one that runs for some files only is not mostly there."""
    names = ["verify-java"] * 100 + [None] * 8
    names[first] = new
    kind = fed(with_jobs(reports(["a"] * 108), names))
    assert kind.standing(T, True).bad is is_bad
    assert (f"{new} took the place of verify-java" in said(kind.signal(T).seen)) is not is_bad


def test_changes_of_one_kind_come_in_a_row():
    """A job that some changes do not need was away for three before, and is for six again."""
    past = (["ab"] * 40 + ["a"] * 3) * 4 + ["ab"] * 20
    assert not fed(reports(past + ["a"] * 6)).standing(T, True).bad
    assert fed(reports(past + ["a"] * 7)).standing(T, True).bad


def test_a_trouble_is_not_how_long_a_job_may_be_away():
    past = ["ab"] * 100 + ["a"] * 12 + ["ab"] * 60
    assert fed(reports(past + ["a"] * 6)).standing(T, True).bad


def test_a_successor_that_comes_later_ends_it():
    events = reports(["ab"] * 100 + ["a"] * 6 + ["ac"] * 12)
    assert fed(events[:106]).standing(T, True).bad
    assert not fed(events).standing(T, True).bad


def test_a_job_that_comes_for_two_changes_took_no_place_that_was_empty_for_longer():
    """A release brings jobs of its own: they are not there instead of one that went weeks ago."""
    events = reports(["ab"] * 100 + ["a"] * 6 + ["ac"] * 2)
    assert fed(events).standing(T, True).bad
    assert not fed(reports(["ab"] * 100 + ["ac"] * 2)).standing(T, True).bad


def test_a_job_takes_the_place_of_the_one_that_went_last():
    """One that comes as another goes has nothing to do with what was missed before."""
    events = reports(["abc"] * 100 + ["ac"] * 6 + ["ad"] * 12)
    assert "missing from the last 18" in said(fed(events).signal(T).seen)


def test_a_job_that_seldom_runs_hides_no_successor():
    """It ran last between the two by chance, and is not gone."""
    events = reports(["abr", *["ab"] * 19] * 5 + ["ar"] + ["ad"] * 18)
    assert not fed(events).standing(T, True).bad


def test_a_job_takes_the_place_of_two_that_went_together():
    """One was not in the last report before, as in one of ten."""
    events = reports((["abc"] * 9 + ["ac"]) * 10 + ["ad"] * 18)
    assert not fed(events).standing(T, True).bad


def test_a_job_that_was_new_before_is_no_successor():
    """At a place that was first heard of a week ago, every job is new."""
    assert fed(reports(["ab"] * 30 + ["a"] * 5)).standing(T, True).bad
    assert fed(reports(["b"] * 5 + ["ab"] * 40 + ["a"] * 5)).standing(T, True).bad


def test_names_that_come_once_are_no_successors():
    past = reports(["ab"] * 100, until=T - D)
    odd = [
        event._replace(runs=(*event.runs, JobRun(f"x-{i}", Result.PASS)))
        for i, event in enumerate(reports(["a"] * 6, first=5000))
    ]
    assert fed(past, odd).standing(T, True).bad


def test_after_28_days_the_job_is_taken_for_gone():
    events = reports(["ab"] * 100 + ["a"] * 400)
    before, kind = [each for each in events if each.at < T - 6 * D], MissingJobs(POLICY)
    for each in before:
        kind.take(each)
    assert kind.standing(T, True).bad
    for each in events[len(before) :]:
        kind.take(each)
    signal = kind.signal(T)
    assert (signal.verdict, signal.clears) == (State.HEALTHY, True)
    assert "b has been missing for 28" in said(signal.seen)
    assert "this is how it is now" in said(signal.seen)


def test_more_jobs_than_are_kept_make_room():
    kind = MissingJobs(POLICY)
    for i, each in enumerate(reports(["a"] * 700)):
        kind.take(each._replace(runs=(JobRun(f"job-{i}", Result.PASS),)))
    jobs = [job for _key, place in kind.row()[0] for job, _values in place[2]]
    assert len(jobs) == 500
    assert "job-699" in jobs


def test_its_state_goes_to_plain_values_and_back():
    events = reports(["abc"] * 100 + ["a"] * 6 + ["ad"] * 3)
    whole, half = fed(events), fed(events[:103])
    again = MissingJobs(POLICY)
    again.read(half.row())
    for each in events[103:]:
        again.take(each)
    assert again.row() == whole.row()
    assert again.signal(T) == whole.signal(T)


def test_honest_jobs_are_seldom_missed():
    """Once in twenty months at most: ten years, a job in 97 % and one in 85 % of the reports."""
    rng, kind, alerts, firing = random.Random(5), MissingJobs(POLICY), 0, False
    for each in reports(["a"] * 3650 * 9, every=D / 9):
        there = [job for job, share in (("a", 1), ("b", 0.97), ("c", 0.85)) if rng.random() < share]
        kind.take(each._replace(runs=tuple(JobRun(job, Result.PASS) for job in there)))
        bad = kind.standing(each.at, True).bad
        alerts += bad and not firing
        firing = bad
    assert alerts <= 6


def test_what_a_report_says_of_its_jobs():
    """Each end of a run, in pipelines that count."""

    def ran(letters, **fields):
        made = change([(1, 1, letters[0])], [(0.5, 1, "P")], branch="master")
        own = made.own[0]
        own.runs = tuple(JobRun(f"job-{i}", LETTERS[letter]) for i, letter in enumerate(letters))
        for name, value in fields.items():
            setattr(own, name, value)
        return of_kind(RunEnded, made)

    (event,) = ran("PFI")
    assert (event.project, event.proof.branch) == ("nova", "master")
    assert (event.passed, len(event.runs), event.uploaded) == (True, 3, T)
    assert not ran("FP")[0].passed
    assert not ran("III")[0].passed  # a run that broke as a whole: no job is missing from it
    assert not ran("P", result=None)
    assert not ran("P", runs=())


def test_a_job_that_does_not_vote_any_more_is_not_missing():
    events = reports(["ab"] * 140)
    quiet = [
        event._replace(runs=(event.runs[0], event.runs[1]._replace(voting=False)))
        for event in events[100:]
    ]
    assert not fed(events[:100], quiet).standing(T, True).bad


def test_the_policy_is_what_counts():
    policy = MissingJobPolicy(changes=9, adopt=timedelta(days=2))
    events = reports(["ab"] * 100 + ["a"] * 8)
    assert not fed(events, policy=policy).standing(T, True).bad
    assert not fed(reports(["ab"] * 100 + ["a"] * 60), policy=policy).standing(T, True).bad
