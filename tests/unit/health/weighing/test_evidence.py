"""What is read from the runs of a job: on the change, on others, beside other CIs."""

from __future__ import annotations

import pytest

from cibot.health.weighing.evidence import (
    Breakdown,
    FailRate,
    FailureFacts,
    SameReport,
    breakdown,
    by_patch_set,
    evidence_of,
    pair_rates,
)
from cibot.health.weighing.runs import (
    Again,
    BuildRun,
    Past,
    ci_again,
    past_of,
    run_again,
    same_code,
)
from cibot.model import Result

_LETTERS = {"P": Result.PASS, "F": Result.FAIL, "I": Result.INFRA}


def runs(text: str) -> list[BuildRun]:
    """As "1.2F 1.2P 3.1I": change, patch set and result, one a second."""
    builds = []
    for at, word in enumerate(text.split()):
        change, patch_set = word[:-1].split(".")
        builds.append(BuildRun(float(at), int(change), int(patch_set), _LETTERS[word[-1]]))
    return builds


def of_change(text: str, unchanged: set[tuple[int, int]] = frozenset()) -> FailureFacts:  # type: ignore[assignment]
    *earlier, failure = runs(text)
    return evidence_of(failure, earlier, unchanged, SameReport(1, 2), Past(), Again())


def test_patch_sets_that_it_failed_on_before_this_one() -> None:
    assert of_change("1.1F").failed_before == ()
    assert of_change("1.1P 1.2F 1.3I 1.5F").failed_before == (3, 2)
    assert of_change("1.2F 1.2P 1.3F").failed_before == ()
    assert of_change("1.2P 1.2F 1.3F").failed_before == (2,)
    assert of_change("1.3F 1.2F").failed_before == ()


def test_a_pass_on_the_same_code_counts_as_long_as_the_code_is_the_same() -> None:
    rebased = {(1, 2), (1, 3)}
    assert of_change("1.1P 1.3F", rebased).passed_unchanged == 1
    assert of_change("1.1P 1.4F", rebased).passed_unchanged is None
    assert of_change("1.1P 1.2F 1.3F", rebased).passed_unchanged is None
    assert of_change("1.1P 1.2F").passed_unchanged is None


def test_what_it_did_on_this_very_patch_set() -> None:
    facts = of_change("1.1P 1.2F 1.2I 1.2F")
    assert (facts.passed_here, facts.failed_here) == (False, 2)
    facts = of_change("1.1P 1.2F 1.2P 1.2F 1.2F")
    assert (facts.passed_here, facts.failed_here) == (True, 1)


def test_the_same_code() -> None:
    assert same_code({(1, 2), (1, 3)}, 1, 1, 3)
    assert not same_code({(1, 3)}, 1, 1, 3)
    assert not same_code({(2, 2)}, 1, 1, 2)
    assert same_code(set(), 1, 2, 2)
    assert not same_code(set(), 1, 2, 1)


def test_what_came_of_failures() -> None:
    builds = runs("1.1F 1.1P 2.1F 2.2P 3.1F 3.2P 4.1F 4.1F 4.1P 5.1F 6.1P 6.2F 6.1P")
    assert run_again(builds, {(3, 2)}) == [True, False, True, False, True]


def test_other_changes_count_with_their_last_run() -> None:
    builds = runs("1.1P 2.1F 2.1P 3.1F 9.1F 4.1P 4.2I 5.1F")
    past = past_of(builds, 9, set())
    assert (past.failed, past.of, past.streak) == (3, 5, 3)
    assert past.passed_at == 5.0
    assert past.again == Again(1, 1)
    assert past_of(runs("9.1P 9.2F"), 9, set()) == Past()


def test_a_past_is_the_last_ten_changes() -> None:
    builds = runs(" ".join(f"{number}.1{'P' if number <= 15 else 'F'}" for number in range(1, 31)))
    past = past_of(builds, 99, set())
    assert (past.failed, past.of, past.streak, past.passed_at) == (10, 10, 15, 14.0)


def test_what_came_of_a_cis_failures_leaves_the_change_out() -> None:
    jobs = {"a": runs("1.1F 1.1P"), "b": runs("2.1F 2.1P 9.1F 9.1P")}
    assert ci_again(jobs, 9, set()) == Again(2, 2)


def test_other_cis_beside_a_job() -> None:
    builds = runs("1.1P 2.1P 3.1F 4.1F 5.1F")
    said = [
        ("x", (1, 1), True),
        ("x", (1, 1), False),  # its last word
        ("x", (2, 1), True),
        ("x", (3, 1), True),
        ("x", (3, 2), True),  # where the job did not run
        ("y", (4, 1), False),
    ]
    assert pair_rates(builds, by_patch_set(said)) == {
        "x": (FailRate(1, 2), FailRate(1, 1)),
        "y": (FailRate(), FailRate(0, 1)),
    }


@pytest.mark.parametrize(
    ("result", "word", "expected"),
    [
        (Result.FAIL, "FAILURE", Breakdown.NONE),
        (Result.INFRA, "NODE_FAILURE", Breakdown.NEVER_RAN),
        (Result.INFRA, "node failure", Breakdown.NEVER_RAN),
        (Result.INFRA, "TIMED_OUT", Breakdown.BROKE),
        (Result.INFRA, "something new", Breakdown.BROKE),
        (Result.INFRA, "ABORTED", Breakdown.NONE),
        (Result.INFRA, "MERGE_FAILURE", Breakdown.CONFLICT),
        (Result.INFRA, "Merge-Conflict", Breakdown.CONFLICT),
    ],
)
def test_what_a_word_says_of_the_system(result: Result, word: str, expected: Breakdown) -> None:
    assert breakdown(result, word) is expected
