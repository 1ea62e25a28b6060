"""Adds the reasons up to a verdict on one failed job."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from cibot.health.weighing.evidence import Breakdown, FailureFacts
from cibot.health.weighing.reasons import REASONS, START, ReasonName
from cibot.health.weighing.runs import HOPELESS

NOT_FROM = 0.75  # chance that it is not the change, from which on it is said
LOOK_UNTIL = 0.25
_SPEAKS = 0.05  # log odds from which on a reason is worth a word
_KNOWN = 3  # other changes, or failures that were run again: fewer say too little


class Blame(StrEnum):
    """What a failed job says about the change."""

    LOOK = "look"
    OPEN = "open"
    NOT_THE_CHANGE = "not_the_change"
    SAYS_NOTHING = "says_nothing"  # it fails on every change
    TOO_LITTLE = "too_little_known"
    CONFLICT = "merge_conflict"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A reason that had a part in it; ``log_odds`` above zero acquit the change."""

    name: ReasonName
    log_odds: float


@dataclass(frozen=True, slots=True)
class Weight:
    """A verdict with its reasons, the largest first.

    ``chance`` that it is not the change, 0..1, right to about 0.1.
    """

    verdict: Blame
    chance: float
    reasons: tuple[Weighed, ...]
    facts: FailureFacts


def weigh(facts: FailureFacts) -> Weight:
    """The verdict on one failed job."""
    parts = [Weighed(row.name, row.weight * row.amount(facts)) for row in REASONS]
    odds = START + math.fsum(part.log_odds for part in parts)
    chance = 1 / (1 + math.exp(-odds))
    spoken = [part for part in parts if abs(part.log_odds) >= _SPEAKS]
    spoken.sort(key=lambda part: -abs(part.log_odds))
    return Weight(_verdict(facts, chance), chance, tuple(spoken), facts)


def _verdict(facts: FailureFacts, chance: float) -> Blame:
    if facts.breakdown is Breakdown.CONFLICT:
        return Blame.CONFLICT
    if facts.past.streak >= HOPELESS:
        return Blame.SAYS_NOTHING
    if chance >= NOT_FROM:
        return Blame.NOT_THE_CHANGE
    if chance <= LOOK_UNTIL:
        return Blame.LOOK
    return Blame.OPEN if _has_more(facts) else Blame.TOO_LITTLE


def _has_more(facts: FailureFacts) -> bool:
    """Whether there is anything to weigh in addition to the report itself."""
    return bool(
        facts.past.of >= _KNOWN
        or facts.past.again.of + facts.ci_again.of >= _KNOWN
        or facts.failed_before
        or facts.passed_here
        or facts.passed_unchanged is not None
        or facts.failed_here
    )
