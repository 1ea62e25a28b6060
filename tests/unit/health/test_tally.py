"""Windows that slide, against the plainest model of them."""

from __future__ import annotations

import json
import random
from itertools import takewhile
from operator import itemgetter

import pytest

from cibot.health.tally import Days, Proofs, SlidingTally
from tests.unit.health.facts import D, H, T, proof


class Model:
    """All results, counted again each time."""

    def __init__(self, window, reach):
        self.window, self.reach, self.results = window, max(window, reach), []

    def within(self, now, since=None):
        oldest = (now - self.window) // 60 if since is None else since // 60
        oldest = max(oldest, (now - self.window) // 60)
        return sorted((at // 60, not bad) for at, bad in self.results if at // 60 >= oldest)

    def newest(self, least, now):
        oldest, results = (now - self.reach) // 60, self.within(now)
        before = sorted(
            {at // 60 for at, _ in self.results if oldest <= at // 60} - {m for m, _ in results}
        )
        before = [earlier for earlier in before if earlier < (now - self.window) // 60]
        while len(results) < least and before:
            minute = before.pop()
            results = [
                (at // 60, not bad) for at, bad in self.results if at // 60 == minute
            ] + results
        return results


def counts(results):
    return len(results), sum(not good for _, good in results)


@pytest.mark.parametrize("seed", range(300))
def test_a_tally_counts_as_if_it_kept_everything(seed):
    rng = random.Random(seed)
    window = rng.choice([10 * 60, 2 * H, 3 * D])
    reach = rng.choice([0, 3 * window])
    tally, model, now = SlidingTally(window, reach), Model(window, reach), T
    for _ in range(80):
        now += rng.choice([0, 0, 1, 30, window / 40, window / 3 if rng.random() < 0.1 else 7])
        if rng.random() < 0.2 and model.results:
            near = [result for result in model.results if result[0] >= now - model.reach]
            if near:
                gone = rng.choice(near)
                model.results.remove(gone)
                tally.add(*gone, -1)
        else:
            late = rng.choice([0, 0, 0, rng.uniform(0, 1.2 * model.reach)])
            added = (now - late, rng.random() < 0.3)
            model.results.append(added)
            tally.add(*added)
        if rng.random() < 0.05:
            again = SlidingTally(window, reach)
            again.read(json.loads(json.dumps(tally.row())))
            tally = again
        tally.slide(now)
        assert tally.count == counts(model.within(now))
        outcomes = sorted(model.within(now))
        assert sorted((at // 60, good) for good, at in tally.outcomes()) == outcomes
        newest = list(tally.newest_outcomes())
        assert len(newest) == len(outcomes)
        assert tally.run == len(list(takewhile(itemgetter(0), newest)))
        assert [at for _, at in newest] == [60 * m for m, _ in outcomes[::-1]]
        least, since = rng.choice([1, 5, 40]), now - rng.uniform(0, window)
        assert tally.since(since) == counts(model.within(now, since))
        expected = model.newest(least, now)
        assert tally.newest(least, now) == counts(expected)
        assert tally.first(least, now) == (min(expected)[0] * 60 if expected else None)


def test_a_tally_forgets_what_is_out_of_reach():
    tally = SlidingTally(H)
    for i in range(10_000):
        tally.add(T + 60 * i, False)
        tally.slide(T + 60 * i)
    assert len(tally.row()[0]) < 200


@pytest.mark.parametrize("seed", range(50))
def test_days_count_as_if_they_kept_everything(seed):
    rng, amounts, now = random.Random(seed), [], T
    days = Days(10 * D)
    for _ in range(150):
        now += rng.choice([0, 100, 6 * H, 2 * D])
        at = now - rng.choice([0, 0, rng.uniform(0, 8 * D)])
        n, marked = rng.randint(1, 5), rng.randint(0, 1)
        days.add(at, n, marked)
        amounts.append((at, n, marked))
        inside = [amount for amount in amounts if amount[0] // D >= (now - 10 * D) // D]
        assert days.count(now) == (sum(o[1] for o in inside), sum(o[2] for o in inside))
        assert now / D - min(amount[0] // D for amount in inside) <= days.span(now) < 11
        again = Days(10 * D)
        again.read(json.loads(json.dumps(days.row())))
        assert again.row() == days.row()


def test_the_newest_evidence_is_kept_in_order_of_time_and_can_be_taken_back():
    proofs = Proofs()
    for i in (3, 1, 2):
        proofs.add(proof(i, T + i))
    assert [run.number for run in proofs.newest(T)] == [3, 2, 1]
    proofs.add(proof(3, T + 3), -1)
    proofs.add(proof(9, T + 9), -1)  # never there
    assert [run.number for run in proofs.newest(T + 2)] == [2]
    assert proofs.oldest(T).number == 1
    assert proofs.oldest(T + 5) is None
    for i in range(100):
        proofs.add(proof(i, T + i))
    assert len(proofs.row()[0]) == 16
    assert [run.number for run in proofs.newest(T)] == [99, 98, 97, 96, 95, 94, 93, 92]


def test_a_tally_of_the_newest_keeps_so_many_before_its_window_and_no_more():
    tally = SlidingTally(H, 28 * D, 10)
    for i in range(10_000):
        tally.add(T + 60 * i, i >= 9900)
        tally.slide(T + 60 * i)
    assert len(tally.row()[0]) < 250
    now = T + 60 * 9999 + 3 * H
    tally.slide(now)
    assert (tally.count.n, tally.newest(10, now)) == (0, (10, 10))
    assert tally.newest(10, now + 29 * D).n == 0
