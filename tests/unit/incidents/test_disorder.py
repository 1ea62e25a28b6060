"""No signal raises, whatever the order and content of history."""

from __future__ import annotations

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.config.judgement import Policy
from cibot.health.change_history import follow
from cibot.health.facts import Attempt, ChangeFacts, JobRun, RefVerdict
from cibot.health.inputs import Counted, Input
from cibot.health.tally import SlidingTally
from cibot.incidents.tracker import Tracker
from cibot.model import Result
from tests.unit.health.facts import D, H, T, proof

RESULTS = list(Result)


def odd_change(dice: random.Random, number: int, span: float) -> ChangeFacts:
    """Uploads that nobody saw, comments before them and long after, a close before it began."""
    begun = T + dice.random() * span
    facts = ChangeFacts(number, number, dice.choice("ab"), in_scope=dice.random() < 0.9)

    def sometime() -> float:
        return begun + dice.choice([0, 60, H, -H, dice.random() * span * 2])

    facts.uploads = {n: sometime() for n in range(1, dice.randint(1, 4)) if dice.random() < 0.9}
    usual = dice.choice([Result.PASS, Result.FAIL])
    for place in range(dice.randint(0, 6)):
        runs = [JobRun(dice.choice("xyz"), dice.choice(RESULTS)) for _ in range(dice.randint(0, 3))]
        result = dice.choice([*RESULTS, None]) if dice.random() < 0.3 else usual
        facts.own.append(
            Attempt(
                sometime(), dice.choice([place, 0, 1 << 30]), dice.randint(0, 4),
                dice.choice(["check", "gate", ""]), result, final=dice.random() < 0.9,
                unmerged=dice.random() < 0.05, runs=tuple(runs),
            )
        )  # fmt: skip
    for place in range(dice.randint(0, 3)):
        verdict = dice.choice([Result.PASS, Result.FAIL])
        facts.reference.append(RefVerdict(sometime(), place, dice.randint(0, 4), verdict))
    facts.closed_at = sometime() if dice.random() < 0.5 else None
    is_referenced = dice.random() < 0.7
    facts.referenced = lambda _at: is_referenced
    return facts


def disordered(dice: random.Random, inputs: list[Input]) -> list[Input]:
    """In order, a little or wholly out of it, or with a third of it a second time."""
    way = dice.choice(["in order", "late", "shuffled", "repeated"])
    if way == "repeated":
        inputs = inputs + dice.sample(inputs, len(inputs) // 3)
    late = {"late": [0, 0, 60, 20 * D], "shuffled": range(0, 10**8, 10**5)}.get(way, [0])
    return sorted(inputs, key=lambda event: event.at + dice.choice(late))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_no_signal_raises_whatever_the_order_and_content_of_history(seed: int) -> None:
    dice = random.Random(seed)
    span = dice.choice([1, 30, 120]) * D
    changes = [odd_change(dice, number, span) for number in range(dice.choice([1, 20, 120]))]
    rest = disordered(dice, [event for facts in changes for event in follow(facts)])
    tracker = Tracker(Policy())
    while rest:
        size = dice.randint(1, 400)
        some, rest = rest[:size], rest[size:]
        tracker.advance(some, max([tracker.at, *(event.at for event in some)]))
        if dice.random() < 0.3:
            tracker = Tracker.of(Policy(), json.loads(json.dumps(tracker.row())))
        look_at(tracker)
    tracker.advance([], tracker.at + 60 * D)
    look_at(tracker)


def look_at(tracker: Tracker) -> None:
    """Every figure can be said."""
    tracker.judge.health(tracker.at, True)
    tracker.shown()
    for gauge in tracker.judge.accusing:
        signal = gauge.signal(tracker.at)
        assert signal.figure is None or signal.n >= 0


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.sampled_from([1, 1, -1]))))
def test_a_tally_never_holds_less_than_nothing_nor_what_is_older_than_its_window(
    done: list[tuple[int, bool, int]],
) -> None:
    tally, now = SlidingTally(10 * D, 20 * D), T
    for day, bad, sign in done:
        now = max(now, T + day * D)
        tally.add(T + day * D, bad, sign)
        tally.slide(now)
        late = T + day * D - 15 * D
        before = tally.count
        tally.add(late, bad, sign)
        assert tally.count == (before if late < now - 10 * D - 60 else tally.count)
        assert 0 <= tally.bad <= tally.n
        assert sum(1 for _ in tally.outcomes()) == tally.n


def test_what_is_taken_back_twice_is_gone_once() -> None:
    tracker = Tracker(Policy())
    results = [Counted(T, "paired", True, sign, proof(1, T)) for sign in (1, -1, -1)]
    tracker.advance(results, T + H)
    look_at(tracker)
