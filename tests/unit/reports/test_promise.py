"""Met, not met, or too little to say."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cibot.errors import UserError
from cibot.health.intervals import wilson
from cibot.model import Window
from cibot.reports import spans
from cibot.reports.period import read_period
from cibot.reports.promise import Criterion, Promise, Ruling, share, silence

NOW = datetime(2026, 11, 28, 13, 30, tzinfo=UTC)
TODAY = NOW.date()
D = timedelta(days=1)


@pytest.mark.parametrize(
    ("count", "n", "ruling", "lacking"),
    [
        (0, 0, Ruling.TOO_LITTLE, "count"),
        (19, 19, Ruling.TOO_LITTLE, "count"),
        (20, 20, Ruling.TOO_LITTLE, "interval"),  # 84 to 100 %
        (100, 100, Ruling.MET, None),
        (93, 100, Ruling.TOO_LITTLE, "interval"),
        (950, 1000, Ruling.MET, None),
        (890, 1000, Ruling.TOO_LITTLE, "interval"),
        (870, 1000, Ruling.NOT_MET, None),
        (0, 20, Ruling.NOT_MET, None),
    ],
)
def test_a_share_is_judged_by_its_interval(
    count: int, n: int, ruling: Ruling, lacking: str | None
) -> None:
    criterion = share("reports", count, n, 0.9, 20)
    assert (criterion.kept, criterion.lacking) == (ruling, lacking)
    assert n == 0 or (
        criterion.rate is not None and (criterion.rate.passes, criterion.rate.n) == (count, n)
    )


def test_one_more_report_never_turns_a_verdict_the_other_way() -> None:
    rank = {Ruling.NOT_MET: 0, Ruling.TOO_LITTLE: 1, Ruling.MET: 2}
    rng = random.Random(7)
    for _ in range(300):
        n, asked = rng.randint(20, 3000), rng.choice([0.5, 0.9, 0.95, 1.0])
        ranks = [rank[share("reports", k, n, asked, 20).kept] for k in range(n + 1)]
        assert ranks == sorted(ranks)
        k = rng.randint(0, n)
        low, high = wilson(k, n)
        decided = (
            Ruling.MET if low >= asked else Ruling.NOT_MET if high < asked else Ruling.TOO_LITTLE
        )
        assert share("agrees", k, n, asked, 20).kept is decided


@pytest.mark.parametrize(
    ("longest", "known_days", "ruling"),
    [(15, 90, Ruling.NOT_MET), (14, 90, Ruling.MET), (0, 90, Ruling.MET),
     (0, 14, Ruling.TOO_LITTLE),
     (15, 3, Ruling.NOT_MET)],
)  # fmt: skip
def test_a_silence_is_judged_by_how_long_it_was(
    longest: int, known_days: int, ruling: Ruling
) -> None:
    assert silence(longest * D, 14 * D, known_days * D).kept is ruling


def test_a_rule_is_met_when_all_of_it_is() -> None:
    def rule(*rulings: Ruling) -> Ruling:
        return Promise(1, tuple(Criterion("reports", ruling) for ruling in rulings)).kept

    assert rule(Ruling.MET, Ruling.MET) is Ruling.MET
    assert rule(Ruling.MET, Ruling.TOO_LITTLE) is Ruling.TOO_LITTLE
    assert rule(Ruling.TOO_LITTLE, Ruling.NOT_MET, Ruling.MET) is Ruling.NOT_MET


def test_spans_of_time_add_up_as_minutes_do() -> None:
    rng = random.Random(3)
    for _ in range(200):
        some = [
            Window(NOW + timedelta(minutes=a), NOW + timedelta(minutes=a + rng.randint(0, 30)))
            for a in (rng.randint(0, 200) for _ in range(rng.randint(0, 8)))
        ]
        window = Window(NOW + timedelta(minutes=50), NOW + timedelta(minutes=150))
        minutes = {
            place
            for place in range(300)
            for span in some
            if NOW + timedelta(minutes=place) in span and NOW + timedelta(minutes=place) in window
        }
        joined = spans.joined(spans.within(some, window))
        assert spans.added(joined) == timedelta(minutes=len(minutes))
        assert all(span.until < two.since for span, two in pairwise(joined))
        longest = spans.longest(joined)
        assert longest is None or spans.added([longest]) == max(spans.added([x]) for x in joined)


@pytest.mark.parametrize(
    ("days", "since", "until", "first", "after"),
    [
        (None, None, None, TODAY - 89 * D, TODAY + D),
        (1, None, None, TODAY, TODAY + D),
        (7, None, TODAY, TODAY - 7 * D, TODAY),
        (7, TODAY - 20 * D, None, TODAY - 20 * D, TODAY - 13 * D),
        (30, TODAY - 2 * D, None, TODAY - 2 * D, TODAY + D),
        (None, TODAY - 5 * D, None, TODAY - 5 * D, TODAY + D),
        (None, TODAY - 5 * D, TODAY - 4 * D, TODAY - 5 * D, TODAY - 4 * D),
        (None, TODAY - 5 * D, TODAY + 40 * D, TODAY - 5 * D, TODAY + D),
    ],
)
def test_days_are_read_as_whole_ones(days, since, until, first, after) -> None:  # type: ignore[no-untyped-def]
    assert read_period(NOW, days, since, until) == (first, after)


@pytest.mark.parametrize(
    ("days", "since", "until", "said"),
    [
        (0, None, None, "1 to 370 days"),
        (371, None, None, "1 to 370 days"),
        (3, TODAY - 9 * D, TODAY, "not all three"),
        (None, TODAY, TODAY, "cannot end before"),
        (None, TODAY + 9 * D, TODAY, "cannot end before"),
        (None, TODAY + D, TODAY + 9 * D, "has not begun yet"),
        (None, TODAY - 400 * D, None, "at most 370 days"),
    ],
)
def test_days_that_are_none_are_refused(days, since, until, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=said):
        read_period(NOW, days, since, until)
