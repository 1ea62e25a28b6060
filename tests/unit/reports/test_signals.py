"""Signals read from what a monitor of any version wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.model import State
from cibot.reports.signals import Rate, read_signals, success_rate, worst_signal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "verdict", "figure", "n", "evidence", "at", "low"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


def test_a_signal_with_its_evidence() -> None:
    stored = {
        "name": "success",
        "verdict": "failing",
        "figure": 0.125,
        "low": 0.05,
        "high": 0.3,
        "n": 32,
        "threshold": "below 50 %",
        "said": "4 of 32 passed",
        "evidence": [{"number": 912345, "patch_set": 3, "at": "2026-11-22T10:00:00", "job": "x"}],
    }
    (signal,) = read_signals(json.dumps([stored]))
    assert signal.verdict is State.FAILING
    assert success_rate((signal,)) == Rate(4, 32, 0.05, 0.3)
    assert worst_signal((signal,)) is signal
    (evidence,) = signal.evidence
    assert (evidence.number, evidence.patch_set, evidence.job) == (912345, 3, "x")
    assert evidence.at is not None
    assert evidence.at.tzinfo is not None


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '[{"verdict": "failing"}]', '{"a": 1}'])
def test_what_is_no_list_of_signals_is_none(text: str) -> None:
    assert read_signals(text) == ()


@given(JSON)
def test_any_json_is_read(raw: object) -> None:
    for one in read_signals(json.dumps([{"name": "success", "figure": raw, "n": raw}, raw])):
        success_rate((one,))
