"""Whether the failures of a drop were the changes' own."""

from __future__ import annotations

import json
from dataclasses import replace

from cibot.health.at_fault import AtFault
from cibot.health.chart import Drop
from cibot.health.facts import Upload
from cibot.health.inputs import FirstVerdict, Tried
from tests.unit.health.facts import NOW, H, T, proof


def at_fault(*failures, again=()):
    """Failures an hour apart: (change, its jobs[, branch]); ``again`` are those that passed."""
    made = AtFault()
    for hour, (number, jobs, *branch) in enumerate(failures):
        shown = proof(number, T + hour * H, branch=branch[0] if branch else "master")
        made.take(FirstVerdict(shown.at, False, shown, failed=tuple(jobs)))
        made.take(FirstVerdict(shown.at + 60, True, proof(900 + hour, shown.at + 60)))
        made.tried(Tried(shown.at + 120, shown if hour in again else None))
    return made


def test_what_passes_when_run_again_is_counted_since_the_drop():
    made = at_fault((1, "a"), (2, "b"), (3, "c"), again=(0, 2))
    assert made.of(T)[0] == 2
    assert made.of(T + H)[0] == 1


def test_one_job_on_most_changes_is_alike():
    assert at_fault((1, "ab"), (2, "bc"), (3, "d")).of(T)[1:3] == (3, 2)
    assert at_fault((1, "a"), (1, "a"), (2, "b")).of(T)[1:3] == (2, 1)
    assert at_fault((1, "a"), (2, "a"), (3, "b")).of(T + H)[1:3] == (2, 1)


def test_each_branch_has_jobs_of_its_own():
    stable = (3, ["gate-stable"], "stable/x"), (4, ["gate-stable"], "stable/x")
    assert at_fault((1, ["gate-master"]), (2, ["gate-master"]), *stable).of(T)[1:3] == (4, 4)


def test_failures_without_jobs_are_alike_where_none_has_any():
    assert at_fault((1, ""), (2, "")).of(T)[1:3] == (2, 2)
    assert at_fault((1, ""), (2, ""), (3, "a")).of(T)[1:3] == (3, 1)


def test_its_state_goes_to_json_and_back():
    made, read = at_fault((1, "ab"), (2, "c"), again=(1,)), AtFault()
    read.read(json.loads(json.dumps(made.row())))
    assert read.row() == made.row()
    assert read.of(T) == made.of(T) == (1, 2, 1, 2, 0)


def test_a_drop_is_flaky_where_half_passed_and_one_where_most_are_alike():
    drop = Drop(NOW, 0.9, 10, 6, 4, again=2, changes=4, alike=2)
    assert drop.flaky
    assert not drop.is_one
    assert not Drop(NOW, 0.9, 10, 6, 4, again=1, changes=4, alike=3).flaky
    assert Drop(NOW, 0.9, 10, 6, 4, again=1, changes=4, alike=3).is_one


def test_what_fails_together_is_one_stack_and_its_authors_are_counted_where_all_are_known():
    def of(*uploads):
        made = AtFault()
        for number, upload in enumerate(uploads):
            made.take(FirstVerdict(T, False, proof(number + 1, T), upload))
        return made.of(T)[3:]

    assert of(Upload(T, 7, 10), Upload(T, 7, 10), Upload(T, 8, 30)) == (2, 2)
    assert of(Upload(T, subject=5), Upload(T, subject=5), Upload(T, subject=6)) == (2, 0)
    assert of(Upload(T, 7, 10), None) == (2, 0)


def test_a_drop_is_widespread_where_many_stacks_failed():
    drop = Drop(NOW, 0.9, 10, 0)
    widespread = [
        (stacks, authors)
        for stacks in (3, 4, 7)
        for authors in (0, 2, 3)
        if replace(drop, stacks=stacks, authors=authors).is_widespread
    ]
    assert widespread == [(3, 0), (3, 3), (4, 0), (4, 3), (7, 0), (7, 2), (7, 3)]
    assert not replace(drop, usual=0.8, stacks=4).is_widespread
    assert not replace(drop, usual=0.7, stacks=5, authors=5).is_widespread
    assert replace(drop, usual=0.7, stacks=6, authors=5).is_widespread
    assert replace(drop, usual=1.0, stacks=2).is_widespread


def test_failures_that_passed_when_run_again_accuse_while_there_are_more_than_usual():
    """Weeks later, when as many pass as ever, it is no news that a third of eight were flakes."""
    drop = Drop(NOW, 0.91, 13, 6, 7, again=5)
    assert drop.accuses(failing=False)
    assert not replace(drop, n=71, passes=63, weighed=8).accuses(failing=True)


def test_what_passes_meanwhile_speaks_for_the_ci():
    """Twelve of nineteen changes of a CI that fails 28 % are no luck of one in 1,000."""
    drop = Drop(NOW, 0.72, 19, 7, stacks=12)
    assert not drop.is_widespread
    assert replace(drop, n=16, passes=4).is_widespread
    assert not replace(drop, n=40, passes=28).is_widespread  # it fails no more than usual
