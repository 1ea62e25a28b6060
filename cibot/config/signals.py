"""The table of signals with a file of their own: each is one line, and all else follows from it."""

from __future__ import annotations

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


def signals() -> list[type[SignalKind]]:
    """Every such signal, in the order of the table."""
    return [named(place) for place in SIGNALS]
