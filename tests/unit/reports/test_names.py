"""Names as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.errors import UserError
from cibot.reports.names import Ambiguous, nearest, normalised, resolve

NAMES = [
    "Zuul",
    "NetApp CI",
    "NetApp E-Series CI",
    "Pure-Storage CI",
    "pure-storage ci",
    "HPE 3PAR CI",
    "Dell PowerFlex CI",
    "Dell PowerMax CI",
]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("NetApp CI", "NetApp CI"),
        ("netapp ci", "NetApp CI"),
        ("netapp", "NetApp CI"),  # though another begins with it
        ("net-app", "NetApp CI"),
        ("the netapp ci system", "NetApp CI"),
        ("eseries", "NetApp E-Series CI"),
        ("3par", "HPE 3PAR CI"),
        ("powerf", "Dell PowerFlex CI"),
        ("zul", "Zuul"),
        ("series e netapp", "NetApp E-Series CI"),
        ("ci 3par hpe", "HPE 3PAR CI"),
        ("powermax dell", "Dell PowerMax CI"),
        ("powerm dell", "Dell PowerMax CI"),
        ("ＮｅｔＡｐｐ ＣＩ", "NetApp CI"),
        ("ci netapp", "NetApp CI"),
        ("Dell PoworFlex", "Dell PowerFlex CI"),
        ("pure-storage ci", "pure-storage ci"),  # two that differ in case are two
        ("Pure-Storage CI", "Pure-Storage CI"),
    ],
)
def test_a_name_may_be_written_loosely(wanted: str, meant: str) -> None:
    assert resolve(wanted, NAMES) == meant


@pytest.mark.parametrize("wanted", ["hpe 3par rocky", "Dell PowerMax CI q5", "pure storage ci x"])
def test_a_name_with_one_word_too_many_is_no_slip(wanted: str) -> None:
    with pytest.raises(UserError, match="did you mean"):
        resolve(wanted, NAMES)


def test_several_that_fit_are_asked_back() -> None:
    with pytest.raises(Ambiguous, match="did you mean Dell PowerFlex CI or Dell PowerMax CI"):
        resolve("dell", NAMES)
    with pytest.raises(Ambiguous, match="did you mean Pure-Storage CI or pure-storage ci"):
        resolve("pure storage", NAMES)


def test_none_that_fits_brings_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean Zuul"):
        resolve("zool", NAMES)
    with pytest.raises(UserError, match="No CI is called 'qqqqqq'"):
        resolve("qqqqqq", NAMES)
    with pytest.raises(UserError, match="Which CI"):
        resolve("  ", NAMES)
    with pytest.raises(UserError, match="No CI is known yet"):
        resolve("netapp", [])


@given(st.text(max_size=300), st.lists(st.text(min_size=1, max_size=30), max_size=8))
def test_any_text_is_resolved_or_refused(wanted: str, names: list[str]) -> None:
    try:
        assert resolve(wanted, names) in names
    except UserError as error:
        assert len(str(error)) < 600  # noqa: PT017


@given(st.text(max_size=40))
def test_a_form_is_its_own_form(name: str) -> None:
    assert " " not in normalised(name)


def test_the_nearest_come_first() -> None:
    assert nearest("powerfleks", NAMES)[0] == "Dell PowerFlex CI"
