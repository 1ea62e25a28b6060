"""On which branches a CI is expected to report."""

from __future__ import annotations

import json

import pytest

from cibot.model import State
from tests.unit.health.facts import D, H, due, heard
from tests.unit.health.watched import START, Watched, settled


def on_branches(*branches, days, start=START, every=6 * H, reports=True):
    """A patch set of each branch every six hours, and the CI's reports an hour later."""
    events = []
    for turn in range(int(days * D / every)):
        for place, branch in enumerate(branches):
            at = start + turn * every + place * H
            events.append(due(int(at), at, branch=branch))
            if reports:
                events.append(heard(at + H, int(at), branch=branch))
    return events


def missed(ci, *branches, days, start):
    """How many chances in a row are missed where only other branches get patch sets."""
    ci.take(on_branches(*branches, days=days, start=start, reports=False))
    return ci.until(start + days * D).judge.chances.missed


@pytest.mark.parametrize("home", ["master", "stable/2026.1", "a/b/c", ""])
def test_a_ci_of_one_branch_is_not_expected_on_the_others(home):
    ci = Watched()
    ci.take(on_branches(home, days=35))
    others = ("main", "stable/2026.2", "stable/2025.2", "a/b/d")
    assert not missed(ci, *others, days=20, start=START + 35 * D)
    assert ci.silent(START + 55 * D).verdict is State.HEALTHY
    assert missed(ci, home, days=2, start=START + 55 * D)
    assert ci.silent(START + 57 * D).verdict is State.SILENT


def test_a_new_branch_belongs_to_who_reports_on_all_of_its_kind():
    ci = Watched()
    ci.take(on_branches("master", "stable/2025.2", "stable/2026.1", days=35))
    assert missed(ci, "stable/2026.2", days=8, start=START + 35 * D)
    assert ci.silent(START + 43 * D).verdict is State.SILENT


@pytest.mark.parametrize(
    ("homes", "days"),
    [
        (("master", "stable/2026.1"), 35),  # one of its kind only
        (("stable/2025.2", "stable/2026.1"), 5),  # of which little is known yet
        (("master", "main"), 35),  # no kind
    ],
)
def test_no_branch_is_expected_of_who_may_report_on_some_only(homes, days):
    ci = Watched()
    ci.take(on_branches(*homes, days=days))
    new = "stable/2026.2" if "stable/2026.1" in homes else "trunk"
    assert not missed(ci, new, days=5, start=START + days * D)


def test_who_left_one_out_is_not_expected_on_the_next():
    ci = Watched()
    ci.take(on_branches("stable/2025.2", "stable/2026.1", days=35))
    ci.take(on_branches("stable/2025.1", days=1, start=START + 34 * D, reports=False))
    ci.take(on_branches("stable/2025.2", days=30, start=START + 35 * D))  # and not there now
    now = START + 65 * D
    assert not missed(ci, "stable/2025.1", "stable/2026.2", days=5, start=now)


def test_a_branch_that_ended_is_expected_no_more():
    ci = Watched()
    ci.take(on_branches("master", "stable/2026.1", days=10))
    ci.take(on_branches("master", days=29, start=START + 10 * D))
    assert not missed(ci, "stable/2026.1", days=5, start=START + 39 * D)


def test_branches_that_are_remembered_are_bounded_and_stored():
    ci, now = settled()
    ci.take([due(500 + i, now + i, branch=f"user/{i}") for i in range(1000)])
    row = json.dumps(ci.judge.chances.row())
    assert row.count("user/") <= 200
    again = Watched()
    again.judge.chances.read(json.loads(row))
    assert json.dumps(again.judge.chances.row()) == row
    assert missed(ci, "master", days=1, start=now + D)
