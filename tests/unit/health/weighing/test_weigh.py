"""More of one reason never turns a verdict the other way; and what comes before all reasons."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cibot.health.weighing.evidence import Breakdown, FailRate, FailureFacts, Neighbour
from cibot.health.weighing.reasons import REASONS, ReasonName, logit
from cibot.health.weighing.runs import HOPELESS, Again, Past
from cibot.health.weighing.weigh import Blame, weigh

_TOWARDS = {Blame.LOOK: -1, Blame.NOT_THE_CHANGE: 1}  # the others blame and acquit nobody


def _shares(most: int) -> Any:
    return some.integers(0, most).flatmap(
        lambda of: some.tuples(some.integers(0, of), some.just(of))
    )


rates = _shares(60).map(lambda pair: FailRate(*pair))
agains = _shares(40).map(lambda pair: Again(*pair))
neighbours = some.builds(Neighbour, some.text(max_size=3), some.booleans(), rates, rates)
pasts = _shares(10).flatmap(
    lambda pair: some.builds(
        Past,
        failed=some.just(pair[0]),
        of=some.just(pair[1]),
        streak=some.integers(0, 20),
        again=agains,
    )
)
reports = some.integers(1, 30).flatmap(
    lambda voting: some.tuples(some.integers(1, voting), some.just(voting))
)


@some.composite
def evidences(draw: Any) -> FailureFacts:
    failed, voting = draw(reports)
    return FailureFacts(
        breakdown=draw(some.sampled_from([*Breakdown])),
        failed_before=tuple(range(draw(some.integers(0, 5)), 0, -1)),
        passed_unchanged=draw(some.sampled_from([None, 1])),
        passed_here=draw(some.booleans()),
        failed_here=draw(some.integers(0, 4)),
        failed_jobs=failed,
        voting_jobs=voting,
        past=draw(pasts),
        ci_again=draw(agains),
        neighbours=tuple(draw(some.lists(neighbours, max_size=3))),
    )


def _more(facts: FailureFacts) -> dict[str, tuple[int, FailureFacts]]:
    """The evidence with more of each one thing, and which way that may move the verdict."""
    past, again = facts.past, facts.past.again
    quiet = replace(facts, breakdown=Breakdown.NONE)
    steps = {
        "it failed on one more patch set": (
            -1,
            replace(facts, failed_before=(*facts.failed_before, 0)),
        ),
        "it failed here once more": (-1, replace(facts, failed_here=facts.failed_here + 1)),
        "it passed here": (1, replace(facts, passed_here=True)),
        "it passed on the same code": (1, replace(facts, passed_unchanged=1)),
        "one more failure passed when run again": (
            1,
            replace(facts, past=replace(past, again=Again(again.passed + 1, again.of + 1))),
        ),
        "one more failure did not": (
            -1,
            replace(facts, past=replace(past, again=Again(again.passed, again.of + 1))),
        ),
        "so for the whole CI": (
            1,
            replace(facts, ci_again=Again(facts.ci_again.passed + 1, facts.ci_again.of + 1)),
        ),
        "another job failed too": (
            -1,
            replace(facts, failed_jobs=facts.failed_jobs + 1, voting_jobs=facts.voting_jobs + 1),
        ),
        "one more change failed": (
            1,
            replace(facts, past=replace(past, failed=past.failed + 1, of=past.of + 1)),
        ),
        "another CI failed": (
            -1,
            replace(facts, neighbours=(*facts.neighbours, Neighbour("x", True))),
        ),
        "another CI passed": (
            1,
            replace(facts, neighbours=(*facts.neighbours, Neighbour("x", False))),
        ),
        "a streak that goes on": (0, replace(facts, past=replace(past, streak=past.streak + 1))),
    }
    if facts.breakdown is Breakdown.NONE:
        steps["no node"] = (1, replace(quiet, breakdown=Breakdown.NEVER_RAN))
        steps["a timeout"] = (1, replace(quiet, breakdown=Breakdown.BROKE))
    return steps


def test_failing_again_proves_little_where_a_job_fails_on_most_other_changes():
    def moved(failed: int) -> float:
        facts = FailureFacts(past=Past(failed=failed, of=10))
        again = replace(facts, failed_before=(3, 2), failed_here=2)
        return logit(weigh(again).chance) - logit(weigh(facts).chance)

    assert moved(0) == pytest.approx(-2.1)
    assert moved(2) == pytest.approx(-2.1)
    assert moved(9) == pytest.approx(-2.1 * math.log(15 / 10))


@settings(max_examples=300, deadline=None)
@given(evidences())
def test_more_of_one_reason_never_turns_the_verdict_the_other_way(facts: FailureFacts) -> None:
    before = weigh(facts)
    for what, (way, more) in _more(facts).items():
        after = weigh(more)
        moved = _TOWARDS.get(after.verdict, 0) - _TOWARDS.get(before.verdict, 0)
        same = after.chance == pytest.approx(before.chance)
        assert same or (after.chance > before.chance) == (way > 0), what
        blamed = before.verdict is Blame.LOOK and after.verdict is Blame.NOT_THE_CHANGE
        freed = before.verdict is Blame.NOT_THE_CHANGE and after.verdict is Blame.LOOK
        assert not (way >= 0 and freed), what
        assert not (way <= 0 and blamed), what
        spoken_before, spoken_after = before.verdict in _TOWARDS, after.verdict in _TOWARDS
        if spoken_before and spoken_after:
            assert moved == 0 or (moved > 0) == (way > 0), what


@given(rates, rates)
def test_another_ci_that_fails_never_acquits(passes: FailRate, failures: FailRate) -> None:
    alone = weigh(FailureFacts())
    failing = weigh(FailureFacts(neighbours=(Neighbour("x", True, passes, failures),)))
    passing = weigh(FailureFacts(neighbours=(Neighbour("x", False, passes, failures),)))
    assert failing.chance <= alone.chance <= passing.chance


def test_a_merge_conflict_is_a_merge_conflict() -> None:
    past = Past(failed=10, of=10, streak=HOPELESS)
    weight = weigh(FailureFacts(breakdown=Breakdown.CONFLICT, past=past, passed_here=True))
    assert weight.verdict is Blame.CONFLICT


@pytest.mark.parametrize(
    ("streak", "nothing"), [(HOPELESS - 1, False), (HOPELESS, True), (23, True)]
)
def test_a_job_that_fails_everywhere_says_nothing(streak: int, nothing: bool) -> None:
    past = Past(failed=10, of=10, streak=streak)
    for before in ((), (3,), (4, 3)):
        weight = weigh(FailureFacts(past=past, failed_before=before))
        assert (weight.verdict is Blame.SAYS_NOTHING) is nothing


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    assert weigh(FailureFacts()).verdict is Blame.TOO_LITTLE
    past = Past(failed=2, of=10, again=Again(4, 10))
    assert weigh(FailureFacts(past=past)).verdict is Blame.OPEN


def test_a_lost_node_of_a_flaky_job_is_not_the_change() -> None:
    facts = FailureFacts(
        breakdown=Breakdown.NEVER_RAN,
        word="NODE_FAILURE",
        past=Past(failed=3, of=10, again=Again(16, 20)),
        ci_again=Again(30, 50),
    )
    weight = weigh(facts)
    assert weight.verdict is Blame.NOT_THE_CHANGE
    assert [reason.name for reason in weight.reasons[:2]] == [
        ReasonName.NEVER_RAN,
        ReasonName.RUN_AGAIN,
    ]
    assert weight.facts is facts


def test_a_job_that_fails_patch_set_after_patch_set_wants_a_look() -> None:
    past = Past(failed=1, of=10, again=Again(6, 20))
    weight = weigh(FailureFacts(failed_before=(4, 3), past=past, ci_again=Again(20, 60)))
    assert weight.verdict is Blame.LOOK
    assert {reason.name for reason in weight.reasons[:2]} == {
        ReasonName.FAILED_BEFORE,
        ReasonName.FAILED_LONG,
    }


def test_each_reason_stands_once_and_has_a_source() -> None:
    assert len({row.name for row in REASONS}) == len(REASONS) == len(ReasonName)
    assert all(row.source and row.weight for row in REASONS)
