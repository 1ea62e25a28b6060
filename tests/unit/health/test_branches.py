"""Branches: one that breaks alone, and how a CI is on each."""

from __future__ import annotations

import json
import random

import pytest

from cibot.config.judgement import Policy
from cibot.health.branches import branches_json, read_branches
from cibot.health.facts import moment
from cibot.health.inputs import FAIR, Counted, FirstVerdict
from cibot.health.judge import Judge
from cibot.incidents.signal_words import plain, seen_words
from cibot.model import State
from tests.unit.health.facts import D, T, heard, proof

MASTER, STABLE, OLD = "master", "stable/2026.1", "stable/2025.2"
EVERY = D / 20


class Watched:
    """A CI whose results come one at a time, twenty a day."""

    def __init__(self) -> None:
        self.judge, self.at, self.number = Judge(Policy()), T, 0

    def result(self, branch: str, passed: bool) -> None:
        self.at += EVERY
        self.number += 1
        run = proof(self.number, self.at, branch=branch)
        for event in (
            heard(self.at, self.number, branch=branch),
            FirstVerdict(self.at, passed, run),
            Counted(self.at, FAIR, not passed, 1, run),
        ):
            self.judge.take(event)

    def past(self, seed: int = 1, passes: float = 0.9, days: int = 40) -> None:
        rng = random.Random(seed)
        for _ in range(days * 20):
            self.result(rng.choices((MASTER, STABLE, OLD), (6, 3, 1))[0], rng.random() < passes)

    def until_told(self, *broken: str, of: int = 400, passes: float = 0.9) -> int | None:
        """After how many results of the broken branches the signal is bad."""
        rng, n = random.Random(2), 0
        for _ in range(of):
            branch = rng.choices((MASTER, STABLE, OLD), (6, 3, 1))[0]
            self.result(branch, branch not in broken and rng.random() < passes)
            n += branch in broken
            if self.verdict.bad:
                return n
        return None

    @property
    def verdict(self) -> State:
        return self.judge.branches.standing(self.at, True).verdict

    @property
    def said(self) -> str:
        return plain(seen_words(self.judge.branches.signal(self.at).seen))

    def state(self, branch: str) -> State:
        return {health.branch: health.state for health in self.judge.branches.health(self.at)}[
            branch
        ]


def test_a_branch_that_breaks_alone_is_told_by_name_and_the_others_are_well() -> None:
    watched = Watched()
    watched.past()
    assert (watched.verdict, watched.until_told(STABLE)) == (State.HEALTHY, 7)
    signal = watched.judge.branches.signal(watched.at)
    assert (signal.verdict, signal.n, signal.figure) == (State.DEGRADED, 7, 0)
    said = watched.said
    assert said.startswith("on stable/2026.1 0 of 7 passed since 20")
    assert said.endswith(" on the other branches since then")
    assert all(run.number for run in signal.evidence)
    assert watched.state(MASTER) is State.HEALTHY
    assert watched.state(STABLE) is State.FAILING
    drops = {each.branch: each.drop for each in watched.judge.branches.health(watched.at)}
    assert drops[MASTER] is None
    assert drops[STABLE] is not None
    assert (drops[STABLE].passes, drops[STABLE].n) == (0, 7)
    assert watched.judge.health(watched.at, True).signal("branch") == signal


def test_it_is_well_again_soon_after_an_outage() -> None:
    watched = Watched()
    watched.past()
    watched.until_told(STABLE)
    for _ in range(30):
        watched.result(STABLE, False)
    for _ in range(6):
        watched.result(STABLE, True)
    assert watched.judge.branches.standing(watched.at, True).clears
    assert watched.verdict is State.HEALTHY
    assert "no branch fails alone" in watched.said


def test_where_all_break_it_is_the_ci() -> None:
    watched = Watched()
    watched.past()
    assert watched.until_told(MASTER, STABLE, OLD, of=200) is None
    assert watched.verdict is State.UNKNOWN  # neither accuses nor acquits
    assert watched.judge.success.standing(watched.at, True).verdict is State.FAILING


@pytest.mark.parametrize(("fails", "is_bad"), [(0, False), (2, False), (6, True)])
def test_what_failed_as_all_did_accuses_no_branch_afterwards(fails: int, is_bad: bool) -> None:
    """Only what comes on it after the trouble of all is over."""
    watched = Watched()
    watched.past()
    watched.until_told(MASTER, STABLE, OLD, of=80)
    for branch in (MASTER,) * 60 + (STABLE,) * fails:
        watched.result(branch, branch == MASTER)
    settled = watched.judge.success.chart.settled_at
    assert settled is not None
    assert watched.verdict.bad is is_bad
    if is_bad:
        assert watched.judge.branches.signal(watched.at).since == moment(settled)
        assert "on stable/2026.1 0 of 6 passed since " in watched.said


def test_a_small_drop_of_the_whole_ci_is_of_no_branch_alone() -> None:
    """It is never the same on all, and the usual of before is far from all of them."""
    for seed in range(4):
        watched, rng = Watched(), random.Random(seed)
        watched.past(seed, passes=0.96)
        for _ in range(45 * 20):
            branch = rng.choices((MASTER, STABLE, OLD), (6, 3, 1))[0]
            watched.result(branch, rng.random() < 0.82)
            assert not watched.verdict.bad
        assert watched.judge.success.chart.adopted_at is not None


def test_what_became_usual_of_the_ci_is_so_on_its_branches() -> None:
    watched, rng = Watched(), random.Random(3)
    watched.past(passes=0.96)
    for _ in range(36 * 20):
        watched.result(rng.choices((MASTER, STABLE, OLD), (6, 3, 1))[0], rng.random() < 0.6)
    assert watched.judge.success.chart.adopted_at is not None
    usual = {each.branch: each.usual for each in watched.judge.branches.health(watched.at)}
    assert 0.5 < (usual[MASTER] or 0) < 0.7
    assert 0.5 < (usual[STABLE] or 0) < 0.7
    assert watched.judge.branches.signal(watched.at).adopted is not None


def test_the_others_are_looked_at_as_far_back_as_the_branch() -> None:
    """Well again on all, and few results on one: its bad ones are of the time of the others'."""
    watched, rng = Watched(), random.Random(5)
    watched.past(passes=0.95)
    for _ in range(12 * 20):
        branch = rng.choices((MASTER, STABLE, OLD), (6, 3, 1))[0]
        watched.result(branch, rng.random() < 0.4)
    for _ in range(9 * 20):
        watched.result(rng.choices((MASTER, STABLE, OLD), (24, 1, 1))[0], rng.random() < 0.95)
        assert not watched.verdict.bad


def test_a_branch_on_which_it_never_worked_is_told_by_its_level() -> None:
    watched = Watched()
    watched.past()
    for _ in range(19):
        watched.result("stable/2026.2", False)
        watched.result(MASTER, True)
    assert (watched.verdict, watched.state("stable/2026.2")) == (State.HEALTHY, State.UNKNOWN)
    watched.result("stable/2026.2", False)
    assert watched.verdict is State.DEGRADED
    assert "on stable/2026.2 0 of 20 passed" in watched.said


def test_a_branch_with_a_short_past_is_told_by_its_streak() -> None:
    watched = Watched()
    watched.past(days=10)
    assert watched.judge.branches.health(watched.at)[1].usual is None
    assert watched.until_told(STABLE) == 7
    assert "on stable/2026.1 0 of 7 passed since " in watched.said
    assert watched.state(STABLE) is State.FAILING
    watched.result(STABLE, True)
    assert watched.judge.branches.standing(watched.at, True)[:2] == (State.HEALTHY, False)
    watched.result(STABLE, True)
    assert watched.judge.branches.standing(watched.at, True).clears


def test_one_branch_alone_is_the_ci() -> None:
    watched = Watched()
    for turn in range(250):
        watched.result(MASTER, turn < 200)
    assert not watched.verdict.bad
    assert watched.judge.success.standing(watched.at, True).bad


def test_a_broken_branch_that_ended_is_over() -> None:
    watched = Watched()
    watched.past()
    watched.until_told(STABLE)
    watched.at += 29 * D
    for _ in range(5):
        watched.result(MASTER, True)
    assert watched.judge.branches.standing(watched.at, True)[:2] == (State.HEALTHY, True)
    assert [branch.branch for branch in watched.judge.branches.health(watched.at)] == [MASTER]


@pytest.mark.parametrize("passes", [0.5, 0.7, 0.9, 0.97])
def test_luck_accuses_no_branch(passes: float) -> None:
    for seed in range(5):
        watched, rng = Watched(), random.Random(seed)
        for _ in range(60 * 20):
            watched.result(rng.choice((MASTER, STABLE, OLD)), rng.random() < passes)
            assert not watched.verdict.bad


def test_its_state_goes_to_plain_values_and_back() -> None:
    watched = Watched()
    watched.past(days=20)
    watched.until_told(STABLE)
    row = json.dumps(watched.judge.branches.row())
    again = Watched()
    again.judge.branches.read(json.loads(row))
    assert json.dumps(again.judge.branches.row()) == row
    at = watched.at
    assert again.judge.branches.signal(at) == watched.judge.branches.signal(at)
    branches = watched.judge.branches.health(at)
    assert read_branches(branches_json(branches)) == branches == again.judge.branches.health(at)


@pytest.mark.parametrize("text", [None, "", "x", "{}", "[1]", '[{"branch": 1}]'])
def test_what_another_version_stored_is_left_out(text: str | None) -> None:
    assert read_branches(text) == ()
