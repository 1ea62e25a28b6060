"""Whether a CI kept a rule of the project in a period: met, not met, or too little to say. Pure.

A share is compared by its 95 % interval: it meets what is asked where all of the interval
does, and misses it where none of it does. In between, and below the count that the signals
need, nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from cibot.reports.signals import Rate, rate_of

Lacking = Literal["count", "interval", "time"]


class Ruling(StrEnum):
    """What can be said of a promise."""

    MET = "met"
    NOT_MET = "not_met"
    TOO_LITTLE = "too_little"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a rule asks for, and what the CI did.

    ``name`` is reports, agrees, job (then ``job`` has its name) or silence. A share of 0..1 is
    ``asked``, of at least ``least`` things that count, and ``rate`` what was; of a silence
    ``longest`` was and ``allowed`` may be. ``lacking`` says what is too little: the ``count``,
    the ``interval``, which reaches across what is asked, or the ``time`` that the CI is known.
    """

    name: Literal["reports", "agrees", "job", "silence"]
    kept: Ruling
    lacking: Lacking | None = None
    asked: float | None = None
    least: int = 0
    rate: Rate | None = None
    job: str | None = None
    longest: timedelta | None = None
    allowed: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What became of one rule, by its number from 1 in the configuration."""

    rule: int
    criteria: tuple[Criterion, ...]

    @property
    def kept(self) -> Ruling:
        """The rule is met when all that it asks for is, and not met when one thing is not."""
        return overall(criterion.kept for criterion in self.criteria)


def overall(rulings: Iterable[Ruling]) -> Ruling:
    """Not met where one is not; met where all are."""
    kinds = set(rulings)
    if Ruling.NOT_MET in kinds:
        return Ruling.NOT_MET
    return Ruling.TOO_LITTLE if Ruling.TOO_LITTLE in kinds else Ruling.MET


def share(
    name: Literal["reports", "agrees", "job"],
    count: int,
    n: int,
    asked: float,
    least: int,
    job: str | None = None,
) -> Criterion:
    """Whether ``count`` of ``n`` is surely the share that is asked for."""
    rate = rate_of(count, n)
    ruling, lacking = _decided(rate, asked, least)
    return Criterion(name, ruling, lacking, asked, least, rate, job)


def _decided(rate: Rate | None, asked: float, least: int) -> tuple[Ruling, Lacking | None]:
    if rate is None or rate.n < least or rate.low is None or rate.high is None:
        return Ruling.TOO_LITTLE, "count"
    if rate.low >= asked:
        return Ruling.MET, None
    return (Ruling.NOT_MET, None) if rate.high < asked else (Ruling.TOO_LITTLE, "interval")


def silence(longest: timedelta, allowed: timedelta, known_for: timedelta) -> Criterion:
    """Whether the longest silence is no longer than allowed."""
    ruling, lacking = _still(longest, allowed, known_for)
    return Criterion("silence", ruling, lacking, longest=longest, allowed=allowed)


def _still(
    longest: timedelta, allowed: timedelta, known_for: timedelta
) -> tuple[Ruling, Lacking | None]:
    if longest > allowed:
        return Ruling.NOT_MET, None
    return (Ruling.TOO_LITTLE, "time") if known_for <= allowed else (Ruling.MET, None)
