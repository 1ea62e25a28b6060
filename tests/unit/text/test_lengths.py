"""Lengths of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cibot.text.lengths import leading_length, read_length, whole_days


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("2h", 120),
        ("1 h 30", 90),
        ("1.5h", 90),
        ("an hour", 60),
        ("half an hour", 30),
        ("half a day", 720),
        ("two hours", 120),
        ("a week", 7 * 1440),
        ("a quarter", 90 * 1440),
        ("1y", 365 * 1440),
        ("1 year 2 weeks", 379 * 1440),
        ("7-days", 7 * 1440),
        ("one day 2 hours", 1560),
    ],
)
def test_a_length_of_time(written: str, minutes: int) -> None:
    assert read_length(written) == timedelta(minutes=minutes)


@pytest.mark.parametrize("written", ["", "a", "half", "week", "2", "many days", "2h a week"])
def test_no_length_of_time(written: str) -> None:
    assert read_length(written) is None


def test_part_of_a_day_is_no_number_of_days() -> None:
    lengths = (timedelta(days=2), timedelta(weeks=1), timedelta(days=2.5), timedelta(hours=23))
    assert [whole_days(length) for length in lengths] == [2, 7, None, None]


def test_what_follows_a_length_is_no_part_of_it() -> None:
    assert leading_length(("2h", "a", "week", "of", "moves")) == (timedelta(hours=2), 1)
