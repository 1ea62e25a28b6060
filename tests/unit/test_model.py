"""The vocabulary holds what the rest relies on."""

from datetime import UTC, datetime, timedelta

from cibot.model import State, Window


def test_worst_state_sorts_first() -> None:
    assert sorted(State, key=lambda state: state.rank)[0] is State.SILENT
    assert sorted(State, key=lambda state: state.rank)[-1] is State.HEALTHY


def test_window_is_half_open() -> None:
    end = datetime(2026, 11, 23, tzinfo=UTC)
    window = Window.before(end, timedelta(days=1))
    assert window.since in window
    assert end not in window
