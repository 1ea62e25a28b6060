"""What a CI's judge remembers is bounded, whatever the CI writes; the oldest makes room."""

from __future__ import annotations

import json

import pytest

from cibot.config.judgement import Policy
from cibot.config.policy import ChartPolicy
from cibot.config.signals import kinds
from cibot.health.baseline import Baseline
from cibot.health.branches import Branches
from cibot.health.facts import JobRun
from cibot.health.inputs import RunEnded
from cibot.health.latency import percentile_of
from cibot.health.missing import MissingJobPolicy, MissingJobs
from cibot.health.too_fast import TooFast, TooFastPolicy
from cibot.model import Result
from tests.unit.health.facts import H, T, heard, proof
from tests.unit.health.watched import START, Watched, settled


def reports(names, first=1):
    """A report with one job each, on a change of its own, an hour after the other."""
    for place, name in enumerate(names, first):
        at = T + place * H
        run = JobRun(name, Result.PASS, None, seconds=60.0)
        yield RunEnded(at, "nova", True, (run,), proof(place, at), at - H)


@pytest.mark.parametrize(
    ("kind", "most"), [(MissingJobs(MissingJobPolicy()), 500), (TooFast(TooFastPolicy()), 300)]
)
def test_of_many_jobs_those_that_ran_longest_ago_are_forgotten(kind, most):
    for ran in reports([f"job-{place}" for place in range(most)]):
        kind.take(ran)
    assert "job-0" in json.dumps(kind.row())
    for ran in reports(["job-0", "new"], first=most + 1):
        kind.take(ran)
    names = json.dumps(kind.row())
    assert '"job-0"' in names
    assert '"new"' in names
    assert '"job-1"' not in names


def test_of_many_branches_the_one_heard_longest_ago_is_forgotten():
    branches = Branches(Policy(), Baseline(ChartPolicy()))
    for place in range(24):
        branches.hear(heard(T + place, place, branch=f"b{place}"))
    branches.hear(heard(T + 30, 30, branch="b0"))
    branches.hear(heard(T + 31, 31, branch="new"))
    names = json.dumps(branches.row())
    assert '"b0"' in names
    assert '"new"' in names
    assert '"b1"' not in names


def test_chances_without_end_are_counted_and_not_kept():
    ci, now = settled([True] * 30)
    now = ci.advance([False] * 1500, now)
    ci.until(now + 5 * H)
    assert ci.judge.chances.missed == 1500  # in a row, also those that are not kept
    assert len(json.dumps(ci.judge.chances.row())) < 500_000
    assert ci.silent(now + 5 * H).since is not None
    assert ci.advance([True] * 20, now + 6 * H)
    assert ci.silent(now + 60 * H).clears


def test_who_was_never_heard_has_nothing_to_keep():
    assert Watched().silent(START).evidence == ()


def test_of_no_values_there_is_no_percentile():
    with pytest.raises(ValueError, match="no values"):
        percentile_of({}, 0.95)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_each_threshold_of_a_signal_is_explained_and_written_for_people(kind):
    rules = list(kind.rules(Policy()))
    assert len(rules) == len(kind.thresholds.model_fields)
    for about, value in rules:
        assert about
        assert value
        assert "datetime" not in value
