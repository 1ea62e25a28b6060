"""What is asked of a CI's stored signals. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cibot.health.presence import NAME as SILENT
from cibot.health.seen import Seen
from cibot.health.signal import Signal
from cibot.health.success import NAME as SUCCESS
from cibot.incidents.signal_words import said

_FEW = 3  # chances: fewer say nothing of what is usual


class Sighting:
    """What a signal saw, and the same in words."""

    __slots__ = ()
    seen: Seen | None

    @property
    def said(self) -> str:
        """In words."""
        return said(self.seen)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of ``n`` results that passed, with its 95 % interval."""

    passes: int
    n: int
    low: float | None
    high: float | None

    @property
    def share(self) -> float:
        """0..1."""
        return self.passes / self.n


def success_rate(signals: Iterable[Signal]) -> Rate | None:
    """How much a CI passed, from its success signal; None without results."""
    for signal in signals:
        if signal.name == SUCCESS and signal.n > 0 and signal.figure is not None:
            return Rate(round(signal.figure * signal.n), signal.n, signal.low, signal.high)
    return None


def usual_coverage(signals: Iterable[Signal]) -> float | None:
    """The share of its chances on which a CI usually reports; None where too few are known.

    Chances that went by while it was silent do not count.
    """
    for signal in signals:
        if signal.name == SILENT and signal.n >= _FEW:
            return signal.figure
    return None


def worst_signal(signals: Iterable[Signal]) -> Signal | None:
    """The signal that makes the state; None when nothing is known to be wrong."""
    bad = [signal for signal in signals if signal.counts and signal.verdict.bad]
    return min(bad, key=lambda one: one.verdict.rank) if bad else None
