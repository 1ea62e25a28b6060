"""What the bench takes for the truth about failures, and that the table does well by it."""

from __future__ import annotations

from bench.weighing.__main__ import fitted, from_truth, judged
from bench.weighing.fitting import Row, fit, table
from bench.weighing.history import History, JudgedReport, Review
from bench.weighing.scores import Case, score
from bench.weighing.simulated import Traits, simulated
from bench.weighing.truth import Truth
from cibot.health.weighing.runs import BuildRun
from cibot.model import Result

_LETTERS = {"P": Result.PASS, "F": Result.FAIL, "I": Result.INFRA}


def labels(text: str, unchanged: set[tuple[int, int]] = frozenset()) -> dict[str, bool]:  # type: ignore[assignment]
    """As "1.2F 1.2P" in order of time; what is known of which failure, by its place and word."""
    history = History("test", unchanged=set(unchanged))
    for at, word in enumerate(text.split()):
        change, patch_set = (int(part) for part in word[:-1].split("."))
        result = _LETTERS[word[-1]]
        run = BuildRun(float(at), change, patch_set, result, "FAILURE")
        history.reports.append(
            JudgedReport(float(at), "ci", change, patch_set, result, {"job": run})
        )
        review = history.reviews.setdefault(change, Review({}))
        review.uploads.setdefault(patch_set, at - 0.5)
    words = text.split()
    return {
        f"{int(report.at)}:{words[int(report.at)]}": innocent
        for report, _job, innocent in Truth(history).labelled()
    }


def test_a_later_pass_on_the_same_code_acquits() -> None:
    assert labels("1.1F 1.1F 1.1P") == {"0:1.1F": True, "1:1.1F": True}
    assert labels("1.1F 1.2P", {(1, 2)}) == {"0:1.1F": True}
    assert labels("1.1F 1.2P") == {}


def test_a_failure_through_a_recheck_convicts_where_the_job_passed_in_between() -> None:
    assert labels("1.1F 2.1P 1.1F") == {"0:1.1F": False}
    assert labels("1.1F 1.1F 2.1P") == {}
    assert labels("1.1F 2.1P 1.2F", {(1, 2)}) == {"0:1.1F": False}


def test_two_patch_sets_that_failed_until_new_code() -> None:
    assert labels("1.1F 1.2F 1.3P") == {"0:1.1F": False, "1:1.2F": False}
    assert labels("1.1P 1.2F 1.3F 1.4P") == {}


def test_three_failures_and_never_a_pass() -> None:
    labelled = labels("1.1F 1.2F 2.1P 1.3F")
    assert labelled == {"0:1.1F": False, "1:1.2F": False, "3:1.3F": False}
    assert labels("1.1F 1.2F 1.3F") == {}


def test_what_failed_on_an_old_patch_set_is_not_asked_about() -> None:
    assert labels("1.1P 1.2P 1.1F 1.1P") == {}


def test_scores() -> None:
    cases = [Case(0.9, True), Case(0.8, False), Case(0.1, False), Case(0.5, True, 0.5)]
    result = score(cases)
    assert (result.cases, round(result.base, 3)) == (4, 0.429)
    assert round(result.brier, 4) == round((0.01 + 0.64 + 0.01 + 0.125) / 3.5, 4)
    assert round(result.auc, 3) == round((2 + 0.5) / (1.5 * 2), 3)
    assert result.said_not == (2 / 3.5, 0.5)
    assert result.said_look == (1 / 3.5, 0.0)


def test_a_fit_finds_what_made_the_cases_and_keeps_to_its_prior_without_any() -> None:
    rows = [Row([1.0, x], x > 0, 1.0) for x in (-2.0, -1.0, 1.0, 2.0) for _ in range(50)]
    start, slope = fit(rows, [0.0, 0.0], strength=1.0)
    assert abs(start) < 0.1
    assert slope > 1.0
    assert fit([], [0.3, -0.7]) == [0.3, -0.7]


def test_the_table_knows_more_than_a_coin_where_the_truth_is_known() -> None:
    server = from_truth(simulated(Traits("small", cis=3, days=30, pace=10.0), 1))
    assert len(server.rows) > 300
    result = judged(server.rows, table())
    assert result.brier < 0.2
    assert result.auc > 0.75
    again = judged(server.rows, fitted([server]))
    assert again.brier <= result.brier + 0.002
