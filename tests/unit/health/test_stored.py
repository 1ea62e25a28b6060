"""Signals as JSON, and what another version wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.health.seen import EarlierWords
from cibot.health.signal import Signal, read_signals, signals_json
from cibot.model import State
from tests.unit.health.facts import T, changes, tracked

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "verdict", "figure", "n", "evidence", "seen", "kind"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("made", ["", "F" * 30, "P" * 600 + "F" * 9, "P" * 60 + "I" * 30])
def test_signals_survive_the_store(made: str) -> None:
    signals = tracked(changes(made, job="tempest")).judge.health(T, True).signals
    assert read_signals(signals_json(signals)) == signals


def test_one_that_cannot_be_read_is_left_out() -> None:
    good = Signal("success", State.FAILING, 0.2, n=5, seen=EarlierWords("5 of 25"))
    rows = [*json.loads(signals_json((good,))), {"name": "x"}, {"verdict": "failing"}, 5]
    assert read_signals(json.dumps(rows)) == (good,)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '[{"verdict": "failing"}]', '{"a": 1}'])
def test_what_is_no_list_of_signals_is_none(text: str) -> None:
    assert read_signals(text) == ()


@given(JSON)
def test_any_json_is_read(raw: object) -> None:
    for signal in read_signals(json.dumps([{"name": "success", "seen": raw, "n": raw}, raw])):
        assert signal.name
