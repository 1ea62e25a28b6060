"""Single values of the configuration."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cibot.config.models import CiConfig, Config
from cibot.config.values import LONGEST, Account, Duration, Host, Listen, LocalTime, Zone

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@given(st.integers(1, 5000), st.sampled_from("smhdw"))
def test_a_duration_is_its_number_of_units(number: int, unit: str) -> None:
    seconds = number * UNITS[unit]
    if timedelta(seconds=seconds) > LONGEST:
        assert not takes(Duration, f"{number}{unit}")
    else:
        assert TypeAdapter(Duration).validate_python(f" {number} {unit}") == timedelta(
            seconds=seconds
        )


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.dates()))
def test_anything_else_is_refused_and_never_breaks(value: Any) -> None:
    for kind in (Duration, LocalTime, Zone, Account, Listen, Host):
        takes(kind, value)


def test_a_rule_asks_for_shares_within_one_of_the_limits() -> None:
    (rule,) = Config.model_validate({"rule": [{"within": "1d", "agrees": 0.95}]}).rule
    assert (rule.reports, rule.within, rule.silent_at_most) == (0.9, timedelta(hours=24), None)
    for wrong in ({"within": "90m"}, {"within": "15d"}, {"reports": 1}, {"agrees": 0},
                  {"jobs": [""]}, {"silent": "3d"}):  # fmt: skip
        with pytest.raises(ValidationError):
            Config.model_validate({"rule": [wrong]})


@pytest.mark.parametrize("text", ["0s", "-5m", "5", "5 minutes", "1.5h", "999999999w", "٥m", ""])
def test_these_are_no_durations(text: str) -> None:
    assert not takes(Duration, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("09:00", time(9)), ("9:05", time(9, 5)), ("23:59", time(23, 59)), (time(7, 30), time(7, 30))],
)
def test_a_time_of_day(text: object, expected: time) -> None:
    assert TypeAdapter(LocalTime).validate_python(text) == expected


@pytest.mark.parametrize("text", ["24:00", "9", "9:5", "09:00Z", 900, True])
def test_these_are_no_times(text: object) -> None:
    assert not takes(LocalTime, text)


def test_accounts_keep_their_kind() -> None:
    ci = CiConfig(name="x", accounts=(35648, "35648", " acme-ci "))
    assert ci.accounts == (35648, "35648", "acme-ci")


def test_a_configuration_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Config().console = True  # type: ignore[misc]


def takes(kind: Any, value: object) -> bool:
    """Whether a kind of value takes this one; only ValidationError may say no."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def test_a_copy_with_other_networks_has_these() -> None:
    config = Config.model_validate(
        {"irc": [{"host": "irc.example.org", "name": "irc", "channels": ["#ci"]}]}
    )
    assert len(config.networks) == 1
    assert config.model_copy(update={"irc": ()}).networks == ()
