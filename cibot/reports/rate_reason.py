"""Why a CI is judged as it is at the share that it passes: two with 65 % may differ. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cibot.health.level import NAME as LEVEL
from cibot.health.seen import OwnPast, PassRate
from cibot.health.signal import Signal
from cibot.health.success import NAME as SUCCESS
from cibot.incidents.signal_words import plain
from cibot.model import State
from cibot.text.card import Words
from cibot.text.figures import number, percent


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
    usual = past.usual if isinstance(past, OwnPast) else None
    return _of_level(level.verdict, level.seen, usual)


def _of_level(verdict: State, rate: PassRate, usual: float | None) -> RateReason | None:
    if verdict.bad:
        limit = rate.failing if verdict is State.FAILING else rate.degraded
        return RateReason(RateCase.LOW if usual is None else RateCase.USUAL, limit, usual)
    if verdict is State.UNKNOWN:
        return RateReason(RateCase.FEW, least=rate.least)
    if rate.period.recovered_at is not None:
        return RateReason(RateCase.RECOVERED, recovered_at=rate.period.recovered_at)
    if rate.passes < rate.degraded * rate.n:
        return RateReason(RateCase.UNSURE, rate.degraded)
    return None


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
