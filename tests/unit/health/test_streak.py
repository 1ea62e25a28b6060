from __future__ import annotations

import random

import pytest

from cibot.health.observation import JobRun, Judged
from cibot.health.policy import JobPolicy
from cibot.health.streak import job_streak
from cibot.model import Result, State
from tests.unit.health.facts import DAY, HOUR, NOW, result

POLICY = JobPolicy()
_RESULTS = {"P": Result.PASS, "F": Result.FAIL, "I": Result.INFRA}


def ran(letters: str, job: str = "tempest", reference: Result = Result.PASS) -> list[Judged]:
    """One report a letter on a change of its own, hourly, the last one now."""
    last = len(letters) - 1
    return [
        result(
            1000 + i,
            NOW - (last - i) * HOUR,
            _RESULTS[letter],
            reference,
            runs=(JobRun(job, _RESULTS[letter], f"https://logs.example/{i}"),),
        )
        for i, letter in enumerate(letters)
    ]


def test_a_job_that_fails_change_after_change_is_told():
    found = job_streak(POLICY, ran("P" * 60 + "F" * 8), NOW)
    assert (found.verdict, found.n, found.since) == (State.DEGRADED, 8, NOW - 7 * HOUR)
    assert found.said == (
        "tempest failed 8 changes in a row that the reference passed;"
        " 0 of 60 failed before, in 14 d"
    )
    assert (found.evidence[0].number, found.evidence[0].job) == (1067, "tempest")
    assert found.threshold == "tempest: degraded after 4 in a row"


@pytest.mark.parametrize(
    "letters",
    ["P" * 60 + "FFF", "P" * 60 + "FFFFFFFFP", "F" * 60, "P" * 10 + "F" * 8, "P" * 60 + "I" * 9],
)
def test_luck_pauses_and_what_always_fails_are_no_news(letters):
    assert job_streak(POLICY, ran(letters), NOW).verdict is not State.DEGRADED


def test_one_change_that_keeps_failing_is_one_failure():
    same = [
        result(5, NOW + n * HOUR, Result.FAIL, change_id=5, runs=(JobRun("tempest", Result.FAIL),))
        for n in range(1, 12)
    ]
    found = job_streak(POLICY, ran("P" * 60) + same, NOW + DAY)
    assert found.verdict is State.HEALTHY


def test_what_the_reference_failed_too_is_the_changes():
    judged = ran("P" * 60) + ran("F" * 9, reference=Result.FAIL)
    assert job_streak(POLICY, judged, NOW).verdict is State.HEALTHY


def test_it_is_well_after_two_passes():
    assert not job_streak(POLICY, ran("P" * 60 + "F" * 8 + "P"), NOW).clears
    assert job_streak(POLICY, ran("P" * 60 + "F" * 8 + "PP"), NOW).clears
    assert job_streak(POLICY, [], NOW).verdict is State.UNKNOWN


def test_honest_jobs_are_told_of_once_in_twenty_months_at_most():
    rng = random.Random(7)
    months, per_day, told = 20, 20, 0
    letters = "".join("P" if rng.random() < 0.9 else "F" for _ in range(months * 30 * per_day))
    judged = ran(letters)
    failing_at = [n for n in range(3, len(letters)) if letters[n - 3 : n] == "FFF"]
    for n in failing_at:
        at = judged[n - 1].posted_at
        near = judged[max(0, n - 14 * 24) : n]
        told += job_streak(POLICY, near, at).verdict is State.DEGRADED
    assert told <= 1
