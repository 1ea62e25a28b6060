"""The exit codes of ``--exit-code``, as docs/cli.md promises them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from cibot.model import State

CODES = {
    State.HEALTHY: 0,
    State.DEGRADED: 3,
    State.FAILING: 4,
    State.SILENT: 5,
    State.UNKNOWN: 6,
}
"""0 is well; 1 is an error and 2 a wrong command line, as everywhere."""

MEANING = ", ".join(f"{code} {state.value}" for state, code in CODES.items())


def of_states(states: Iterable[State]) -> int:
    """The code of the worst state; 0 when there are no states."""
    worst = min(states, key=lambda state: state.rank, default=State.HEALTHY)
    return CODES[worst]
