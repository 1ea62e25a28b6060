"""Answers from a CI's stored signals: its pass rate, its usual coverage, its worst one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cibot.health.intervals import wilson
from cibot.health.level import NAME as LEVEL
from cibot.health.presence import NAME as SILENT
from cibot.health.seen import OwnPast, PassRate, Seen
from cibot.health.signal import Signal
from cibot.health.success import NAME as SUCCESS
from cibot.incidents.signal_words import plain, said
from cibot.model import State
from cibot.text.card import Words
from cibot.text.figures import number, percent

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


def rate_of(count: int, n: int) -> Rate | None:
    """A share with its interval; None of nothing."""
    return Rate(count, n, *wilson(count, n)) if n > 0 else None


def is_rate(signal: Signal) -> bool:
    """Whether its figure is a share, for a scale of 0 to 100 %: these have an interval.

    Any other figure is of hours.
    """
    return signal.figure is not None and signal.low is not None


def success_rate(signals: Iterable[Signal]) -> Rate | None:
    """How much a CI passed, from its success signal; None without results."""
    for signal in signals:
        if signal.name == SUCCESS and signal.n > 0 and signal.figure is not None:
            return Rate(round(signal.figure * signal.n), signal.n, signal.low, signal.high)
    return None


def success_window(signals: Iterable[Signal]) -> timedelta | None:
    """The length of time whose results `success_rate` counts."""
    past = next((signal.seen for signal in signals if signal.name == SUCCESS), None)
    return past.rate.period.length if isinstance(past, OwnPast) else None


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
    return min(bad, key=lambda signal: signal.verdict.rank) if bad else None


class RateCase(StrEnum):
    """How a pass rate stands to what is asked of it."""

    FEW = "few"  # results: it is not judged
    UNSURE = "unsure"  # below the level, but its interval reaches above
    RECOVERED = "recovered"  # what came since is well
    LOW = "low"  # surely below the level
    USUAL = "usual"  # surely below the level, as it has been for long
    DROPPED = "dropped"  # below its own past


@dataclass(frozen=True, slots=True)
class RateReason:
    """The case, with the figures that make it so.

    ``limit`` is the level that it is compared with, ``usual`` its own past (0..1),
    ``least`` how many results are needed to judge.
    """

    case: RateCase
    limit: float | None = None
    usual: float | None = None
    least: int = 0
    recovered_at: datetime | None = None

    @property
    def said(self) -> str:
        """In words."""
        return plain(reason_words(self))


def rate_reason(signals: Iterable[Signal]) -> RateReason | None:
    """Why the pass rate means what it means; None where it is well, or nothing is known of it."""
    by_name = {signal.name: signal for signal in signals}
    level, success = by_name.get(LEVEL), by_name.get(SUCCESS)
    past = success.seen if success else None
    if isinstance(past, OwnPast) and past.drop is not None:
        return RateReason(RateCase.DROPPED, usual=past.drop.usual)
    if level is None or not isinstance(level.seen, PassRate) or not level.seen.n:
        return None
    rate, usual = level.seen, past.usual if isinstance(past, OwnPast) else None
    if level.verdict.bad:
        limit = rate.failing if level.verdict is State.FAILING else rate.degraded
        return RateReason(RateCase.LOW if usual is None else RateCase.USUAL, limit, usual)
    if level.verdict is State.UNKNOWN:
        return RateReason(RateCase.FEW, least=rate.least)
    if rate.period.recovered_at is not None:
        return RateReason(RateCase.RECOVERED, recovered_at=rate.period.recovered_at)
    unsure = rate.passes < rate.degraded * rate.n
    return RateReason(RateCase.UNSURE, rate.degraded) if unsure else None


def reason_words(reason: RateReason | None) -> Words:
    """As "surely below 80 %, and 61 % is usual for it"; empty without a reason."""
    if reason is None:
        return ()
    limit, usual = percent(reason.limit or 0.0), percent(reason.usual or 0.0)
    if reason.case is RateCase.RECOVERED and reason.recovered_at is not None:
        return ("well since it recovered ", reason.recovered_at)
    return (
        {
            RateCase.FEW: f"{number(reason.least)} results are needed to judge",
            RateCase.UNSURE: f"too few to be sure that it is below {limit}",
            RateCase.LOW: f"surely below {limit}",
            RateCase.USUAL: f"surely below {limit}, and {usual} is usual for it",
            RateCase.DROPPED: f"dropped from its usual {usual}",
        }.get(reason.case, ""),
    )
