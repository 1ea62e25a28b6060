"""The table of signals with a file of their own: one line a signal."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cibot.config.networks import named

if TYPE_CHECKING:
    from cibot.health.kind import SignalKind

SIGNALS = [
    "cibot.health.missing:MissingJobs",
    "cibot.health.too_fast:TooFast",
    "cibot.health.silent_branch:SilentBranches",
    "cibot.health.branch_coverage:BranchCoverage",
]


@cache
def signals() -> tuple[type[SignalKind], ...]:
    """Every such signal, in the order of the table."""
    return tuple(named(place) for place in SIGNALS)
