"""A branch on which a CI is silent while it reports on the others."""

from __future__ import annotations

import json

import pytest

from cibot.health.facts import moment
from cibot.health.seen import Fault
from cibot.incidents.signal_words import said, threshold_words
from cibot.model import State
from tests.unit.health.facts import D, H, due, heard
from tests.unit.health.watched import START, Watched

STABLE = "stable/2026.2"
NOW = START + 40 * D


def visits(branch, start, end, *, every=6 * H, reports=True, project="nova"):
    """A patch set of the branch every six hours, and the CI's report an hour later."""
    events = []
    for turn in range(int((end - start) / every)):
        at = start + turn * every
        events.append(due(int(at), at, branch=branch))
        if reports:
            events.append(heard(at + H, int(at), branch=branch))
    return events


def lived(*parts, until=NOW):
    ci = Watched()
    every = [each for some in parts for each in some]
    ci.take([each for each in every if each.at <= until])
    return ci.until(until)


def signal(ci, at=NOW):
    return next(kind for kind in ci.judge.kinds if kind.name == "silent_branch").signal(at)


def master(until=NOW, **how):
    return visits("master", START + 2 * H, until, **how)


def test_a_branch_without_reports_is_told_while_the_others_have_them():
    quiet = START + 30 * D
    ci = lived(
        master(), visits(STABLE, START, quiet), visits(STABLE, quiet, NOW, reports=False),
        until=quiet + 2 * D,
    )  # fmt: skip
    branch_signal = signal(ci, quiet + 2 * D)
    assert (branch_signal.verdict, branch_signal.since) == (State.DEGRADED, moment(quiet))
    assert {each.fault for each in branch_signal.evidence} == {Fault.MISSED, Fault.LAST_GOOD}
    words = said(branch_signal.seen)
    assert words.startswith(f"reports as usual, but nothing on {STABLE} since ")
    assert words.endswith("chances to report missed in a row, 100 % taken on the other branches")
    assert threshold_words(branch_signal.seen).startswith(f"{STABLE}: degraded after 4 chances")
    assert ci.silent(quiet + 2 * D).verdict is State.HEALTHY


@pytest.mark.parametrize("missed", [3, 4])
def test_it_is_told_after_four_missed_of_a_branch_that_misses_nothing(missed):
    quiet = START + 30 * D
    there = visits(STABLE, quiet, quiet + missed * 6 * H, reports=False)
    ci = lived(master(), visits(STABLE, START, quiet), there, until=quiet + 3 * D)
    assert signal(ci).verdict.bad == (missed == 4)


def test_two_reports_end_it():
    quiet, back = START + 30 * D, START + 33 * D
    silent = visits(STABLE, quiet, back, reports=False)
    ci = lived(master(), visits(STABLE, START, quiet), silent, visits(STABLE, back, NOW))
    branch_signal = signal(ci)
    assert (branch_signal.verdict, branch_signal.clears) == (State.HEALTHY, True)


def test_a_ci_that_is_silent_everywhere_is_silent_on_no_branch():
    quiet, back = START + 30 * D, START + 32 * D
    both = ("master", STABLE)
    gone = [visits(branch, quiet, back, reports=False) for branch in both]
    ci = lived(*(visits(branch, START, quiet) for branch in both), *gone, until=back)
    assert (ci.silent(back).verdict, signal(ci).verdict) == (State.SILENT, State.HEALTHY)
    again = lived(
        *(visits(branch, START, quiet) for branch in both), *gone,
        visits("master", back, back + 2 * D), until=back + 2 * D,
    )  # fmt: skip
    assert not signal(again).verdict.bad  # the other branch has had no chance since


def test_a_branch_where_it_reports_now_and_then_is_left_alone():
    turns = [
        each
        for i in range(160)
        for each in visits(STABLE, START + i * 6 * H, START + (i + 1) * 6 * H, reports=i % 5 == 0)
    ]
    assert not signal(lived(master(), turns)).verdict.bad


def test_after_four_weeks_it_is_how_the_ci_is():
    quiet, late = START + 12 * D, START + 41 * D
    silent = visits(STABLE, quiet, late, reports=False)
    inputs = (master(late + 2 * D), visits(STABLE, START, quiet), silent)
    ci = lived(*inputs, until=quiet + 27 * D)
    assert signal(ci, quiet + 27 * D).verdict.bad
    ci = lived(*inputs, until=late + 1 * D)
    branch_signal = signal(ci, late + 1 * D)
    assert not branch_signal.verdict.bad
    assert (
        said(branch_signal.seen)
        == f"{STABLE} has been without reports for 28 days: this is how it is now"
    )


def test_its_state_is_stored_and_read_again():
    quiet = START + 30 * D
    inputs = (master(), visits(STABLE, START, quiet), visits(STABLE, quiet, NOW, reports=False))
    ci = lived(*inputs, until=quiet + 2 * D)
    stored = json.loads(json.dumps(ci.judge.row()))
    other = Watched()
    other.judge.read(stored)
    assert other.judge.row() == ci.judge.row()
    assert signal(other) == signal(ci)


def test_the_branches_that_are_known_are_bounded():
    ci = lived(*(visits(f"stable/{i}", START + i * H, START + D) for i in range(40)))
    kind = next(kind for kind in ci.judge.kinds if kind.name == "silent_branch")
    assert signal(ci).n == 0
    assert len(kind.row()[0]) <= 24
