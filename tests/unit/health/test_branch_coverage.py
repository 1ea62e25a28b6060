"""A branch on which a CI reports on less than it did, while it reports on the others."""

from __future__ import annotations

import json

from cibot.health.facts import moment
from cibot.health.seen import Fault
from cibot.incidents.signal_words import said, threshold_words
from cibot.model import State
from tests.unit.health.facts import D, H, heard
from tests.unit.health.test_silent_branch import NOW, STABLE, lived, master, visits
from tests.unit.health.watched import START, Watched

LESS = START + 30 * D
DAY = D


def signal(ci, at=NOW):
    return next(kind for kind in ci.judge.kinds if kind.name == "branch_coverage").signal(at)


def share(start, end, every, branch=STABLE):
    """The CI reports on one of so many patch sets of a branch."""
    turns = int((end - start) / (6 * H))
    return [
        each
        for turn in range(turns)
        for each in visits(
            branch, start + turn * 6 * H, start + (turn + 1) * 6 * H, reports=turn % every == 0
        )
    ]


def third(until=NOW):
    return share(LESS, until, 3)


def before():
    return visits(STABLE, START, LESS)


def test_a_branch_with_fewer_reports_is_told_while_the_others_have_them():
    ci = lived(master(), before(), third(), until=LESS + 3 * D)
    branch_signal = signal(ci, LESS + 3 * D)
    assert (branch_signal.verdict, branch_signal.n) == (State.DEGRADED, 11)
    assert branch_signal.since == moment(LESS + 6 * H)
    assert {each.fault for each in branch_signal.evidence} == {Fault.MISSED, Fault.LAST_GOOD}
    words = said(branch_signal.seen)
    assert words.startswith(f"reported on 3 of 11 chances on {STABLE} since ")
    assert words.endswith(", 100 % before; 100 % on the other branches")
    assert threshold_words(branch_signal.seen).startswith(f"{STABLE}: degraded when surely half")
    assert ci.silent(LESS + 3 * D).verdict is State.HEALTHY


def test_it_is_over_when_it_reports_as_usual_again():
    back = LESS + 6 * D
    inputs = (master(back + 6 * D), before(), third(back), visits(STABLE, back, back + 6 * D))
    assert signal(lived(*inputs, until=back + D / 2), back + D / 2).verdict.bad
    branch_signal = signal(lived(*inputs, until=back + 6 * D), back + 6 * D)
    assert (branch_signal.verdict, branch_signal.clears) == (State.HEALTHY, True)
    assert "on no branch alone" in said(branch_signal.seen)


def test_a_branch_where_nothing_is_reported_is_silent():
    silent = visits(STABLE, LESS, NOW, reports=False)
    assert not signal(lived(master(), before(), silent, until=LESS + 5 * D)).verdict.bad


def test_where_the_others_have_fewer_reports_too_it_is_the_ci():
    both = (visits("master", START, LESS), share(LESS, NOW, 3, "master"), before(), third())
    assert not signal(lived(*both, until=LESS + 6 * D)).verdict.bad


def test_one_missed_patch_set_after_that_is_no_trouble_of_a_branch():
    begun, back = START + 20 * D, START + 30 * D
    missed, end = back + 10 * D, back + 11 * D
    half = [
        each
        for branch, later in (("master", 2 * H), (STABLE, 0.0))
        for each in visits(branch, START + later, begun)
        + share(begun + later, back + later, 2, branch)
    ]
    again = visits("master", back + 2 * H, end, every=3 * H), visits(STABLE, back, missed)
    ci = lived(half, *again, visits(STABLE, missed, missed + 6 * H, reports=False), until=end)
    assert signal(ci, end).verdict is State.HEALTHY


def test_an_outage_is_of_no_branch():
    back = LESS + 3 * D
    gone = [visits(branch, LESS, back, reports=False) for branch in ("master", STABLE)]
    ci = lived(
        visits("master", START, LESS), before(), *gone,
        visits("master", back, NOW), visits(STABLE, back, NOW),
    )  # fmt: skip
    assert not signal(ci).verdict.bad


def test_a_share_that_is_usual_there_is_no_news():
    assert not signal(lived(master(), share(START, NOW, 3))).verdict.bad
    twice = [
        each
        for turn in range(10)
        for each in share(START + turn * 4 * D, START + (turn + 1) * 4 * D, 2)
    ]
    assert not signal(lived(master(), twice)).verdict.bad


def test_a_report_that_comes_late_is_one():
    late = [
        heard(each.at + 8 * H, each.change_id, branch=STABLE)
        for each in visits(STABLE, LESS, NOW)[1::2]
    ]
    missing = visits(STABLE, LESS, NOW, reports=False)
    assert not signal(lived(master(), before(), missing, late)).verdict.bad


def test_after_four_weeks_it_is_how_the_ci_is():
    end = LESS + 36 * D
    inputs = (master(end), before(), third(end))
    assert signal(lived(*inputs, until=LESS + 28 * D), LESS + 28 * D).verdict.bad
    branch_signal = signal(lived(*inputs, until=LESS + 32 * D), LESS + 32 * D)
    assert not branch_signal.verdict.bad
    assert said(branch_signal.seen) == f"{STABLE} has had fewer reports for 28 days: now its usual"
    assert branch_signal.adopted is not None
    assert not signal(lived(*inputs, until=end), end).verdict.bad


def test_its_state_is_stored_and_read_again():
    inputs = sorted(
        (each for some in (master(), before(), third()) for each in some),
        key=lambda event: event.at,
    )
    whole, half = Watched(), Watched()
    whole.take([each for each in inputs if each.at <= LESS + 3 * D])
    half.take([each for each in inputs if each.at <= LESS + D])
    other = Watched()
    other.judge.read(json.loads(json.dumps(half.judge.row())))
    other.take([each for each in inputs if LESS + D < each.at <= LESS + 3 * D])
    assert signal(other, LESS + 3 * D) == signal(whole, LESS + 3 * D)
    assert signal(other, LESS + 3 * D).verdict.bad


def test_the_branches_that_are_known_are_bounded():
    ci = lived(*(visits(f"stable/{i}", START + i * H, START + D) for i in range(40)))
    kind = next(kind for kind in ci.judge.kinds if kind.name == "branch_coverage")
    assert len(kind.row()[0]) <= 24
