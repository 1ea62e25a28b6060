"""Adds the reasons up to a verdict on one failed job."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from cibot.health.weighing.evidence import Breakdown, Evidence
from cibot.health.weighing.past import HOPELESS
from cibot.health.weighing.reasons import REASONS, START, ReasonName

NOT_FROM = 0.75  # chance that it is not the change, from which on it is said
LOOK_UNTIL = 0.25
_SPEAKS = 0.3  # log odds from which on a reason is worth a word
_KNOWN = 3  # other changes, or failures that were run again: fewer say too little


class Verdict(StrEnum):
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

    verdict: Verdict
    chance: float
    reasons: tuple[Weighed, ...]
    facts: Evidence


def weigh(facts: Evidence) -> Weight:
    """The verdict on one failed job."""
    parts = [Weighed(row.name, row.weight * row.amount(facts)) for row in REASONS]
    odds = START + math.fsum(part.log_odds for part in parts)
    chance = 1 / (1 + math.exp(-odds))
    spoken = [part for part in parts if abs(part.log_odds) >= _SPEAKS]
    spoken.sort(key=lambda part: -abs(part.log_odds))
    return Weight(_verdict(facts, chance), chance, tuple(spoken), facts)


def _verdict(facts: Evidence, chance: float) -> Verdict:
    if facts.breakdown is Breakdown.CONFLICT:
        return Verdict.CONFLICT
    if facts.past.streak >= HOPELESS:
        return Verdict.SAYS_NOTHING
    if chance >= NOT_FROM:
        return Verdict.NOT_THE_CHANGE
    if chance <= LOOK_UNTIL:
        return Verdict.LOOK
    return Verdict.OPEN if _known(facts) else Verdict.TOO_LITTLE


def _known(facts: Evidence) -> bool:
    """Whether there is anything to weigh beside what the report itself says."""
    return bool(
        facts.past.of >= _KNOWN
        or facts.past.again.of + facts.ci_again.of >= _KNOWN
        or facts.failed_before
        or facts.passed_here
        or facts.passed_unchanged is not None
        or facts.failed_here
    )
