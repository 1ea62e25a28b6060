"""The vocabulary holds what the rest relies on."""

from datetime import UTC, datetime, timedelta

from cibot.model import State, Window


def test_worst_state_sorts_first() -> None:
    assert min(State, key=lambda state: state.rank) is State.SILENT
    assert max(State, key=lambda state: state.rank) is State.HEALTHY


def test_window_is_half_open() -> None:
    end = datetime(2026, 11, 23, tzinfo=UTC)
    window = Window.before(end, timedelta(days=1))
    assert window.since in window
    assert end not in window
