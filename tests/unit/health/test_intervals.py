from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.health.intervals import percentile, wilson, z_score


def test_wilson_gives_the_published_bounds():
    # Newcombe 1998, table I, method 3
    for k, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        interval = wilson(k, n)
        assert interval.low == pytest.approx(low, abs=5e-5)
        assert interval.high == pytest.approx(high, abs=5e-5)


def test_nothing_seen_leaves_everything_possible():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_what_cannot_be_is_refused(k, n):
    with pytest.raises(ValueError, match="cannot be"):
        wilson(k, n)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_hold_the_share_and_stay_in_range(case):
    k, n = case
    low, high = wilson(k, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= k / n <= high
        assert wilson(n - k, n).low == pytest.approx(1 - high)


@given(st.integers(1, 300), st.data())
def test_one_more_pass_never_lowers_a_bound(n, data):
    k = data.draw(st.integers(0, n - 1))
    less, more = wilson(k, n), wilson(k + 1, n)
    assert less.low <= more.low
    assert less.high <= more.high


def test_z_refuses_what_is_no_confidence():
    assert z_score(0.95) == pytest.approx(1.959964, abs=1e-6)
    with pytest.raises(ValueError, match="between 0 and 1"):
        z_score(1)


def test_percentile_takes_the_nearest_rank():
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile([7], 0.99) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
