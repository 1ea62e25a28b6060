"""Numbers of incidents, silences and messages as people write them."""

from __future__ import annotations

import pytest

from cibot.errors import UserError
from cibot.text.numbers import number_in


@pytest.mark.parametrize(
    ("written", "number"),
    [("12", 12), ("#12", 12), ("0", 0), ("007", 7), ("2147483647", 2**31 - 1)],
)
def test_a_number(written: str, number: int) -> None:
    assert number_in(written) == number


@pytest.mark.parametrize("written", ["", "#", "netapp", "-1", "1.5", "##1", "\u0663", "1 2"])
def test_a_name(written: str) -> None:
    assert number_in(written) is None


@pytest.mark.parametrize("written", ["2147483648", "#99999999999", "9" * 5000])
def test_more_than_is_counted_is_said_and_reaches_no_database(written: str) -> None:
    with pytest.raises(UserError, match="Nothing here has the number"):
        number_in(written)
