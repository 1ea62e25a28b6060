"""Each reason has its words and its counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cibot.config.models import Config
from cibot.health.weighing.reasons import ReasonName
from cibot.health.weighing.weigh import Blame, Weighed
from cibot.model import Result, State
from cibot.reports import blame
from cibot.reports.change import CiVerdict, WeighedJob
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.weighing import JobWeight

NOW = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)
CTX = Context(NOW, Config())
CI = CiLine(1, "Vendor", State.HEALTHY, None, None, None, (), None)
WEIGHT = JobWeight(
    verdict=Blame.OPEN,
    word="NODE_FAILURE",
    chance=0.5,
    reasons=(),
    failed_before=(4, 3),
    failed_here=1,
    passed_here=True,
    passed_unchanged=2,
    failed_jobs=1,
    voting_jobs=6,
    changes_failed=1,
    changes=10,
    streak=0,
    passed_at=None,
    again_passed=16,
    again=20,
    ci_again_passed=3,
    ci_again=9,
    cis_failed=("A",),
    cis_passed=(),
)


def said(weight: JobWeight) -> str:
    verdict = CiVerdict(CI, "check", "failure", Result.FAIL, NOW, False, (), 1)
    return blame.job_sentence(CTX, verdict, WeighedJob("job", "FAILURE", None, True, weight))


def because(name: ReasonName, log_odds: float, **facts: object) -> str:
    verdict = Blame.NOT_THE_CHANGE if log_odds > 0 else Blame.LOOK
    reasons = (Weighed(name, log_odds),)
    return said(replace(WEIGHT, verdict=verdict, reasons=reasons, chance=0.8, **facts))


@pytest.mark.parametrize(
    ("name", "log_odds", "words"),
    [
        (ReasonName.FAILED_BEFORE, -1.0, "it failed on patch sets 3 and 4 too"),
        (ReasonName.FAILED_LONG, -1.0, "it failed on patch sets 3 and 4 too"),
        (ReasonName.FAILED_HERE, -0.3, "it failed here 2 times in a row"),
        (ReasonName.PASSED_UNCHANGED, 1.0, "it passed on patch set 2, whose code is the same"),
        (ReasonName.PASSED_HERE, 1.0, "it passed on this very patch set"),
        (ReasonName.NEVER_RAN, 1.0, "NODE_FAILURE"),
        (ReasonName.BROKE, 1.0, "NODE_FAILURE"),
        (ReasonName.ONLY_JOB, 1.0, "it is the only one of 6 jobs that failed"),
        (ReasonName.MANY_JOBS, -1.0, "1 of 6 jobs failed"),
        (ReasonName.OTHER_CHANGES, -0.2, "it passed on 9 of the last 10 other changes"),
        (ReasonName.RUN_AGAIN, 1.0, "16 of its last 20 failures passed when run again"),
        (ReasonName.OTHER_CIS, -1.0, "A failed too"),
    ],
)
def test_each_reason_is_said_with_its_counts(name: ReasonName, log_odds: float, words: str) -> None:
    did = "did" if words.endswith("passed when run again") else "passed when run again"
    end = f"{words}; about 4 in 5 like this {did}." if log_odds > 0 else f"{words}."
    head = "Probably not the change" if log_odds > 0 else "Look at it"
    assert because(name, log_odds) == f"{head}: {end}"


def test_all_and_none_are_said_as_such() -> None:
    none = because(ReasonName.RUN_AGAIN, -2.5, again=15, again_passed=0)
    assert none == "Look at it: none of its last 15 failures passed without new code."
    every = because(ReasonName.RUN_AGAIN, 0.6, again=3, again_passed=3)
    assert "all of its last 3 failures passed when run again; about 4 in 5" in every
    passed = because(ReasonName.OTHER_CHANGES, -0.3, changes=10, changes_failed=0)
    assert passed == "Look at it: it passed on all of the last 10 other changes."


def test_counts_of_the_ci_stand_in_for_a_job_of_few_failures() -> None:
    words = because(ReasonName.RUN_AGAIN, -0.5, again=2, again_passed=2)
    assert words == "Look at it: only 3 of its CI's last 9 failures passed without new code."


def test_an_open_one_says_both_sides_and_what_would_tell() -> None:
    reasons = (Weighed(ReasonName.NEVER_RAN, 2.0), Weighed(ReasonName.FAILED_BEFORE, -0.95))
    open_ = replace(WEIGHT, reasons=reasons, failed_here=0)
    assert said(open_) == (
        "Open: for the change: NODE_FAILURE; against it: it failed on patch sets 3 and 4 too;"
        " a recheck would tell."
    )
    assert said(replace(open_, failed_here=1)).endswith("too.")
    assert said(replace(open_, reasons=(), failed_here=0)) == (
        "Open: nothing speaks either way; a recheck would tell."
    )


def test_a_job_without_any_pass_in_sight() -> None:
    words = said(replace(WEIGHT, verdict=Blame.SAYS_NOTHING, streak=23))
    assert words == (
        "Says nothing of this change: job failed on the last 23 changes, no pass among them."
    )


def test_hostile_names_are_cut() -> None:
    words = because(ReasonName.NEVER_RAN, 1.0, word="X" * 500)
    assert len(words) < 120
