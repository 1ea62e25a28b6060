"""The table of signals: one line a signal."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from cibot.config.networks import named

if TYPE_CHECKING:
    from cibot.health.kind import Gauge, SignalKind

SIGNALS = [  # those first that explain most of what is wrong
    "cibot.health.presence:PresenceSignal",
    "cibot.health.branches:Branches",
    "cibot.health.success:Success",
    "cibot.health.streak:JobStreaks",
    "cibot.health.infra:Infra",
    "cibot.health.disagreement:FalseFailures",
    "cibot.health.level:Level",
    "cibot.health.coverage:Coverage",
    "cibot.health.missing:MissingJobs",
    "cibot.health.too_fast:TooFast",
    "cibot.health.silent_branch:SilentBranches",
    "cibot.health.branch_coverage:BranchCoverage",
    "cibot.health.latency:LatencySignal",
    "cibot.health.disagreement:FalsePasses",
    "cibot.health.disagreement:Flips",
]


@cache
def signals() -> dict[str, type[Gauge]]:
    """Every signal by its name, in the order of the table."""
    return {signal.name: signal for signal in map(named, SIGNALS)}


@cache
def kinds() -> dict[str, type[SignalKind]]:
    """Those of them that bring their thresholds, inputs and words with them."""
    base = named("cibot.health.kind:SignalKind")
    every: dict[str, Any] = {**signals()}
    return {name: kind for name, kind in every.items() if issubclass(kind, base)}
