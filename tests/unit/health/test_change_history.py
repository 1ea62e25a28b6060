"""What a change's reports come to mean for a CI, and when that is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.health.change_history import follow
from cibot.health.facts import JobRun, after_merge
from cibot.health.inputs import (
    FAIR,
    PAIRED,
    RAN,
    REFUSED,
    Counted,
    Due,
    Ended,
    FirstVerdict,
    Heard,
    JobResults,
    Took,
    Tried,
)
from cibot.model import Result
from tests.unit.health.facts import H, T, change, of_kind, windows


def verdicts(facts):
    """(hours, passed, hours of the result) of what the chart is told."""
    return [
        ((verdict.at - T) / H, verdict.passed, (verdict.proof.at - T) / H)
        for verdict in of_kind(FirstVerdict, facts)
    ]


def test_a_result_is_judged_by_the_last_verdict_of_the_reference_before_it():
    facts = change([(3, 1, "F")], [(1, 1, "F"), (2, 1, "P")])
    assert verdicts(facts) == [(3, False, 3)]
    assert windows(facts) == {RAN: (1, 0), FAIR: (1, 1), PAIRED: (1, 1)}


def test_where_there_is_none_it_waits_for_the_first_one_after_it():
    facts = change([(1, 1, "F")], [(3, 1, "P"), (4, 1, "F")])
    assert verdicts(facts) == [(3, False, 1)]
    assert windows(facts)[PAIRED] == (1, 1)
    assert verdicts(change([(1, 1, "F")])) == []
    assert windows(change([(1, 1, "F")])) == {RAN: (1, 0)}


def test_at_one_moment_the_reference_speaks_first():
    assert verdicts(change([(2, 1, "F")], [(2, 1, "P")])) == [(2, False, 2)]


def test_a_nearer_verdict_takes_the_place_in_the_windows_and_not_in_the_chart():
    facts = change([(10, 1, "F")], [(1, 1, "F"), (11, 1, "P")])
    assert verdicts(facts) == []
    assert windows(facts) == {RAN: (1, 0), FAIR: (1, 1), PAIRED: (1, 1)}
    farther = change([(10, 1, "F")], [(9, 1, "F"), (12, 1, "P")])
    assert windows(farther) == {RAN: (1, 0), REFUSED: (1, 0)}
    nearer = change([(10, 1, "F")], [(1, 1, "P"), (11, 1, "F")])
    assert verdicts(nearer) == [(10, False, 10)]  # what the chart was told stays told
    assert windows(nearer) == {RAN: (1, 0), REFUSED: (1, 0)}


def test_a_gate_that_turns_green_after_a_recheck_blames_nobody_who_failed_with_it():
    facts = change([(2, 1, "F")], [(1, 1, "F"), (30, 1, "P")])
    assert verdicts(facts) == []
    assert PAIRED not in windows(facts)


def test_only_the_first_verdict_on_a_patch_set_goes_to_the_chart():
    facts = change([(2, 1, "F"), (3, 1, "P"), (4, 1, "F")], [(1, 1, "P")])
    assert verdicts(facts) == [(2, False, 2)]
    assert windows(facts) == {RAN: (1, 0), FAIR: (1, 1), PAIRED: (1, 1)}


def test_fifty_rechecks_are_one_result():
    facts = change([(2 + n, 1, "F") for n in range(50)], [(1, 1, "P")])
    assert verdicts(facts) == [(2, False, 2)]
    assert windows(facts) == {RAN: (1, 0), FAIR: (1, 1), PAIRED: (1, 1)}


def standings(facts):
    """(passed, paired, failures before) of what the chart is told."""
    return [
        (verdict.passed, verdict.paired, verdict.failures)
        for verdict in of_kind(FirstVerdict, facts)
    ]


def test_each_verdict_says_how_often_the_change_failed_right_before():
    own = [(n, n, letter) for n, letter in enumerate("FFPFF", 1)]
    facts = change(own, [(n - 0.5, n, "F" if n == 1 else "P") for n in range(1, 6)], range(5))
    assert standings(facts) == [
        (False, True, 1),  # the first one is the change's: the reference failed it, too
        (True, True, 2),
        (False, True, 0),
        (False, True, 1),
    ]


def test_what_the_reference_was_cancelled_on_is_told_without_a_pair():
    """When the CI reports after the next patch set came, or with the next that is said of it."""
    late = change([(2, 1, "F"), (4, 2, "P")], [(3, 2, "P")], (0, 1))
    assert verdicts(late) == [(2, False, 2), (4, True, 4)]
    assert standings(late) == [(False, False, 0), (True, True, 1)]
    early = change([(0.5, 1, "P")], [(3, 2, "P")], (0, 1))
    assert verdicts(early) == [(3, True, 0.5)]
    assert standings(early) == [(True, False, 0)]
    assert verdicts(change([(0.5, 1, "P")], [], (0, 1))) == []
    spoken = change([(2, 1, "F")], [(3, 1, "P")], (0, 1))  # it was not cancelled after all
    assert verdicts(spoken) == [(2, False, 2)]
    assert windows(spoken) == {RAN: (1, 0), FAIR: (1, 1), PAIRED: (1, 1)}


def test_a_change_that_keeps_failing_is_one_failure():
    own = [(n, n, letter) for n, letter in enumerate("FFPFF", 1)]
    facts = change(own, [(n - 0.5, n, "P") for n in range(1, 6)], range(5))
    counts = windows(facts)
    assert (counts[PAIRED], counts[FAIR]) == ((3, 2), (3, 2))


def test_pipelines_are_results_of_their_own():
    facts = change([(2, 1, "F"), (3, 1, "F", "heavy")], [(1, 1, "P")])
    assert [verdict[1] for verdict in verdicts(facts)] == [False, False]
    assert windows(facts)[FAIR] == (2, 2)


def test_what_the_reference_failed_too_is_the_changes():
    facts = change([(2, 1, "F"), (5, 2, "P")], [(1, 1, "F"), (4, 2, "F")], (0, 3))
    assert verdicts(facts) == []
    assert windows(facts) == {RAN: (2, 0), REFUSED: (1, 1)}  # of a change the last one


def test_without_a_reference_every_result_counts_and_every_upload_is_a_chance():
    facts = change([(1, 1, "F"), (4, 2, "P")], (), (0, 3), referenced=lambda _at: False)
    assert verdicts(facts) == [(1, False, 1), (4, True, 4)]
    assert windows(facts) == {RAN: (2, 0), FAIR: (2, 1)}
    assert [(chance.at, chance.uploaded_at) for chance in of_kind(Due, facts)] == [
        (T, T),
        (T + 3 * H,) * 2,
    ]
    out = change([], (), (0,), referenced=lambda _at: False, in_scope=False)
    assert of_kind(Due, out) == []


def test_a_chance_comes_with_the_references_first_verdict():
    facts = change([(1, 1, "P")], [(2, 1, "P"), (3, 1, "F")])
    (due,) = of_kind(Due, facts)
    assert (due.at, due.uploaded_at, due.reported_at) == (T + 2 * H, T, T + H)
    assert of_kind(Due, change([], [(2, 1, "P")], in_scope=False)) == []
    assert of_kind(Due, change([], [(2, 2, "P")])) == []  # nobody knows when it came


def test_what_broke_by_itself_is_no_failure():
    facts = change([(2, 1, "I")], [(1, 1, "P")])
    assert (verdicts(facts), windows(facts)) == ([], {RAN: (1, 1)})
    own = [(n, n, "I") for n in range(1, 6)]
    again = change(own, [(n - 0.5, n, "P") for n in range(1, 6)], range(5))
    assert windows(again) == {RAN: (1, 1)}  # a change that breaks every run of it


def test_what_did_not_merge_counts_only_where_the_reference_could_judge():
    conflict = change([(2, 1, "I")])
    conflict.own[0].unmerged = True
    assert windows(conflict) == {}
    alone = change([(2, 1, "I")], [(1, 1, "P")])
    alone.own[0].unmerged = True
    assert windows(alone) == {RAN: (1, 1)}


@pytest.mark.parametrize(
    ("posted", "stopped", "closed_at", "counts"),
    [
        (3.1, True, None, False),  # minutes after the next patch set
        (3.1, False, None, True),  # it broke by itself just then
        (2.9, True, None, True),  # before anybody uploaded anything
        (4.0, True, None, True),  # an hour after
        (4.0, True, T + 4 * H, False),  # the change was abandoned
    ],
)
def test_what_the_next_patch_set_stopped_counts_nowhere(posted, stopped, closed_at, counts):
    facts = change([(posted, 1, "I")], [(1, 1, "P")], (0, 3), closed_at=closed_at)
    facts.own[0].stopped = stopped
    assert windows(facts) == ({RAN: (1, 1)} if counts else {})
    assert bool(of_kind(Took, facts)) is counts
    assert [event.reports for event in of_kind(Heard, facts)] == [True]


@pytest.mark.parametrize(
    ("jobs", "closed_at", "counts"),
    [
        (("docs-upload-master",), None, False),
        (("docs_upload_master", "java-merge"), None, False),
        (("docs-upload-master", "unit"), None, True),
        (("uploader-unit",), None, True),
        (("nova-pre-merge",), None, True),
        (("verify_merge",), None, True),
        (("unit",), 2, False),
        (("unit",), 4, True),
    ],
    ids=[
        "upload", "two", "one of two", "a longer word", "before", "tried", "closed before",
        "closed after",
    ],
)  # fmt: skip
def test_what_runs_after_the_merge_does_not_replace_the_verdict(jobs, closed_at, counts):
    facts = change([(1, 1, "P"), (3, 1, "F")], referenced=lambda _at: False)
    facts.own[1].after_merge = after_merge(jobs)
    facts.closed_at = None if closed_at is None else T + closed_at * H
    assert windows(facts)[FAIR] == (1, int(counts))


@pytest.mark.parametrize(
    ("jobs", "uploads", "counts"),
    [
        (("unit",), (0,), True),
        (("java-merge",), (0,), False),
        (("unit",), (0, 2), False),
        (("unit",), (0, 1.9), True),
    ],
    ids=["a slow one", "a job of the merge", "on what the merge made", "uploaded before it"],
)
def test_a_first_verdict_after_the_merge_counts_where_it_may_be_a_slow_one(jobs, uploads, counts):
    """A server that rebases when it merges makes a patch set that nobody reviews."""
    facts = change([(3, len(uploads), "F")], uploads=uploads, referenced=lambda _at: False)
    facts.own[0].after_merge, facts.closed_at = after_merge(jobs), T + 2 * H
    assert windows(facts) == ({FAIR: (1, 1), RAN: (1, 0)} if counts else {})
    assert bool(of_kind(Took, facts)) is counts


def test_a_failure_names_its_voting_jobs():
    facts = change([(1, 1, "F"), (2, 2, "P")], uploads=(0, 1.5), referenced=lambda _at: False)
    facts.own[0].runs = (
        JobRun("unit", Result.FAIL),
        JobRun("docs", Result.FAIL, voting=False),
        JobRun("pep8", Result.PASS),
        JobRun("iscsi", Result.FAIL),
    )
    failed = [verdict.failed for verdict in of_kind(FirstVerdict, facts)]
    assert failed == [("unit", "iscsi"), ()]


def test_start_notices_and_skipped_runs_are_heard_and_nothing_else():
    facts = change([(1, 1, "."), (2, 1, "S")], [(0.5, 1, "P")])
    assert [(event.reports) for event in of_kind(Heard, facts)] == [False, True]
    assert windows(facts) == {}
    assert not of_kind(Took, facts) + of_kind(Tried, facts) + of_kind(JobResults, facts)


def test_the_time_to_the_first_verdict_is_taken_once():
    facts = change([(2, 1, "F"), (7, 1, "P"), (9, 2, "P")], (), (0, 8))
    assert [event.hours for event in of_kind(Took, facts)] == [2, 1]
    assert of_kind(Took, change([(2, 1, "P")], (), ())) == []
    (early,) = of_kind(Took, change([(-1, 1, "P")]))
    assert early.hours == 0.0


def test_a_failure_that_passes_when_run_again_is_a_flip():
    facts = change([(1, 1, "F"), (2, 1, "I"), (3, 1, "P"), (4, 1, "F"), (5, 2, "P")], (), (0, 4.5))
    flips = [attempt.flipped for attempt in of_kind(Tried, facts)]
    assert [flip.at if flip else None for flip in flips] == [None, T + H, None, None]


def test_jobs_speak_where_the_reference_passed():
    run = (JobRun("tempest", Result.FAIL, "https://logs.example/1"),)
    for verdict, n in (("P", 1), ("F", 0)):
        facts = change([(2, 1, "F")], [(1, 1, verdict)])
        facts.own[0].runs = run
        assert len(of_kind(JobResults, facts)) == n
    facts = change([(2, 1, "F"), (3, 1, "F")], [(1, 1, "P")])
    for attempt in facts.own:
        attempt.runs = run
    assert len(of_kind(JobResults, facts)) == 2  # each attempt
    assert of_kind(JobResults, facts)[0].proof.url == "https://logs.example/1"


def test_evidence_names_the_job_that_failed_before_one_that_broke():
    facts = change([(2, 1, "F")], [(1, 1, "P")])
    facts.own[0].runs = tuple(
        JobRun(name, result)
        for name, result in (("a", Result.PASS), ("b", Result.INFRA), ("c", Result.FAIL))
    )
    (verdict,) = of_kind(FirstVerdict, facts)
    assert verdict.proof.job == "c"


@pytest.mark.parametrize(
    ("uploads", "closed", "ends"),
    [
        ((0,), None, []),
        ((0, 3), None, [(3, 1)]),
        ((0, 3), 2, [(2, 1), (2, 2)]),
        ((0,), 9, [(9, 1)]),
    ],
)
def test_a_patch_set_ends_when_the_next_comes_or_the_change_closes(uploads, closed, ends):
    facts = change([], [], uploads, closed_at=None if closed is None else T + closed * H)
    assert [((event.at - T) / H, event.patch_set) for event in of_kind(Ended, facts)] == ends


_OWN = st.tuples(
    st.integers(0, 30), st.integers(1, 3), st.sampled_from("PFIS."), st.sampled_from("ab")
)
_THEIRS = st.tuples(st.integers(0, 30), st.integers(1, 3), st.sampled_from("PF"))


@settings(max_examples=200)
@given(st.lists(_OWN, max_size=9), st.lists(_THEIRS, max_size=5), st.booleans())
def test_whatever_happens_in_a_change_its_inputs_make_sense(own, theirs, referenced):
    def made():
        return change(own, theirs, (0, 5, 9), referenced=lambda _at: referenced)

    events = list(follow(made()))
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert events == list(follow(made()))
    held: dict = {}
    for event in events:
        if isinstance(event, Counted):
            key = (event.window, event.bad, event.proof)
            held[key] = held.get(key, 0) + event.sign
            assert held[key] in (0, 1)
    judged = [event.proof[3:5] for event in events if isinstance(event, FirstVerdict)]
    assert len(judged) == len(set(judged))
    now = [key for key, n in held.items() if n]
    assert len({(window, proof) for window, _, proof in now}) == len(now)
    assert sum(window == REFUSED for window, _, _ in now) <= 1
