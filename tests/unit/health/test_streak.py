"""Job streaks: one job that fails change after change."""

from __future__ import annotations

import json
import random

import pytest

from cibot.config.policy import ChartPolicy, JobPolicy
from cibot.health.baseline import Baseline
from cibot.health.facts import JobRun, Upload, moment
from cibot.health.inputs import JobResults, VerdictKind
from cibot.health.streak import JobStreaks
from cibot.incidents.signal_words import said, threshold_words
from cibot.model import Result, State
from tests.unit.health.facts import LETTERS, D, H, T, proof

POLICY = JobPolicy()


def ran(letters, job="tempest", until=T, every=H, first=1000):
    """What the job said, a letter on a change of its own, the last one at ``until``."""
    last = len(letters) - 1
    return [
        JobResults(
            until - (last - i) * every,
            (JobRun(job, LETTERS[letter], f"https://logs.example/{i}"),),
            proof(first + i, until - (last - i) * every),
        )
        for i, letter in enumerate(letters)
    ]


def none():
    """The streaks of a CI that has 24 results a day and passes them."""
    baseline = Baseline(ChartPolicy())
    for i in range(240):
        baseline.add(True, T - 20 * D + i * H)
    return JobStreaks(POLICY, baseline)


def fed(*parts):
    kind = none()
    for each in sorted((event for many in parts for event in many), key=lambda event: event.at):
        kind.take(each)
    return kind


def test_a_job_that_fails_change_after_change_is_told():
    signal = fed(ran("P" * 60 + "F" * 8)).signal(T)
    assert (signal.verdict, signal.n, signal.since) == (State.FAILING, 8, moment(T - 7 * H))
    assert said(signal.seen) == (
        "tempest failed 8 changes in a row that the reference passed;"
        " 0 of 60 failed before, in 14 days"
    )
    assert (signal.evidence[0].number, signal.evidence[0].job) == (1067, "tempest")
    assert signal.evidence[0].url == "https://logs.example/67"
    assert threshold_words(signal.seen) == "tempest: degraded after 4 in a row"
    assert not signal.clears


def of_authors(events, owners):
    """Each change by itself, uploaded half an hour before, by these authors in turn."""
    return [
        event._replace(
            upload=Upload(event.at - H / 2, owners[i % len(owners)], event.proof.change_id)
        )
        for i, event in enumerate(events)
    ]


def test_further_changes_of_one_author_count_for_what_they_prove():
    """Two of three fail by the same mistake, as far as is known."""
    before = of_authors(ran("P" * 60, until=T - 25 * H), range(1, 16))

    def after(owners, n):
        streaks = fed(before, of_authors(ran("F" * n, first=2000), owners))
        again = none()
        again.read(json.loads(json.dumps(streaks.row())))
        assert again.signal(T) == streaks.signal(T)
        return streaks.signal(T)

    assert after(range(3, 7), 4).verdict is State.FAILING
    assert after([3], 15).verdict is State.HEALTHY
    signal = after([3], 16)
    assert (signal.verdict, threshold_words(signal.seen)) == (
        State.FAILING, "tempest: degraded after 16 in a row",
    )  # fmt: skip
    assert after([3, 3, 3, 4], 4).verdict is State.HEALTHY
    assert after([3, 3, 3, 4, 5], 5).verdict is State.FAILING


def test_where_further_changes_of_an_author_usually_pass_they_count_like_any():
    before = of_authors(ran("P" * 60, until=T - 25 * H), range(1, 16))
    streaks = none()
    for standing in (VerdictKind.SERIES, VerdictKind.LONG_SERIES):
        streaks.baseline.counts[standing] = (95.0, 5.0)
    for event in [*before, *of_authors(ran("F" * 4, first=2000), [3])]:
        streaks.take(event)
    assert streaks.signal(T).verdict is State.FAILING


def test_changes_of_unknown_authors_close_to_each_other_are_a_series():
    before = ran("P" * 60, until=T - 25 * H)
    apart, close = (ran("F" * 5, every=gap, first=2000) for gap in (H, 90.0))
    assert fed(before, apart).signal(T).verdict is State.FAILING
    assert fed(before, close).signal(T).verdict is State.HEALTHY


def test_a_broken_job_is_degraded_where_something_passed_meanwhile():
    both = fed(ran("P" * 60 + "F" * 8), ran("P" * 60, "unit", T - H / 2, H, 5000))
    assert both.signal(T).verdict is State.DEGRADED
    assert both.standing(T, False).verdict is State.DEGRADED
    again = none()
    again.read(both.row())
    assert again.signal(T) == both.signal(T)


@pytest.mark.parametrize(
    "letters",
    ["P" * 60 + "FFF", "P" * 60 + "FFFFFFFFP", "F" * 60, "P" * 10 + "F" * 8, "P" * 60 + "I" * 9],
)
def test_luck_pauses_and_what_always_fails_are_no_news(letters):
    assert not fed(ran(letters)).signal(T).verdict.bad


def test_one_change_that_keeps_failing_is_one_failure():
    again = [event._replace(proof=event.proof._replace(change_id=5)) for event in ran("F" * 12)]
    assert fed(ran("P" * 60, until=T - D), again).signal(T).verdict is State.HEALTHY


def test_it_is_well_after_two_passes():
    assert not fed(ran("P" * 60 + "F" * 8 + "P")).signal(T).clears
    assert fed(ran("P" * 60 + "F" * 8 + "PP")).signal(T).clears
    assert fed().signal(T).verdict is State.UNKNOWN


def test_the_longest_streak_is_told_with_how_many_others_last():
    signal = fed(
        ran("P" * 60 + "F" * 6), ran("P" * 60 + "F" * 9, "slow"), ran("P" * 60, "good")
    ).signal(T)
    assert threshold_words(signal.seen).startswith("slow: ")
    assert said(signal.seen).endswith("; so did 1 other job")


def test_a_job_that_runs_no_more_is_forgotten():
    kind = fed(ran("P" * 60 + "F" * 8), ran("P", "other", T + 15 * D))
    assert kind.standing(T, True).bad
    later = kind.standing(T + 15 * D, True)
    assert (later.verdict, later.clears) == (State.HEALTHY, True)


def test_a_ci_with_more_jobs_than_are_kept_forgets_the_one_that_ran_longest_ago():
    kind = none()
    for i in range(1000):
        kind.take(ran("P", f"job-{i}", T + i)[0])
    assert len(kind.row()[0]) == 400
    assert "job-999" in dict(kind.row()[0])


def test_its_standing_is_that_of_its_signal():
    rng = random.Random(3)
    kind = none()
    bad = 0
    for i in range(600):
        letters = "F" if 200 < i < 230 or rng.random() < 0.1 else "P"
        kind.take(ran(letters, until=T + i * H, first=i)[0])
        standing, signal = kind.standing(T + i * H, True), kind.signal(T + i * H)
        assert (standing.bad, standing.clears) == (signal.verdict.bad, signal.clears)
        bad += standing.bad
    assert 20 < bad < 40


def test_honest_jobs_are_told_of_once_in_twenty_months_at_most():
    rng, alerts, firing = random.Random(7), 0, False
    kind = none()
    for i in range(40 * 30 * 20):
        letters = "P" if rng.random() < 0.9 else "F"
        kind.take(ran(letters, until=T + i * D / 20, first=i)[0])
        bad = kind.standing(T + i * D / 20, True).bad
        alerts += bad and not firing
        firing = bad
    assert alerts <= 2


def test_other_results_end_no_streak():
    runs = ran("P" * 60 + "FFF" + "I" + "F" * 4)
    assert runs[63].runs[0].result is Result.INFRA
    assert fed(runs).signal(T).n == 7
