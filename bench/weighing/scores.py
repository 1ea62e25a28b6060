"""Figures of a forecast: Brier, AUC, calibration error, and how its verdicts are borne out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from cibot.health.weighing.weigh import LOOK_UNTIL, NOT_FROM

_BINS = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One forecast: the chance that was said, what was true, and how much the case weighs."""

    chance: float
    innocent: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Score:
    """Figures over weighted cases; ``said_not`` and ``said_look`` are (share, of it wrong)."""

    cases: int
    base: float
    brier: float
    auc: float
    calibration: float
    said_not: tuple[float, float]
    said_look: tuple[float, float]


def score(cases: Sequence[Case]) -> Score:
    """Raises ZeroDivisionError where there are no cases of either kind."""
    total = math.fsum(case.weight for case in cases)
    innocent = math.fsum(case.weight for case in cases if case.innocent)
    squares = math.fsum(case.weight * (case.chance - case.innocent) ** 2 for case in cases)
    return Score(
        cases=len(cases),
        base=innocent / total,
        brier=squares / total,
        auc=_auc(cases),
        calibration=math.fsum(_gaps(cases)) / total,
        said_not=_said([case for case in cases if case.chance >= NOT_FROM], total, True),
        said_look=_said([case for case in cases if case.chance <= LOOK_UNTIL], total, False),
    )


def _auc(cases: Sequence[Case]) -> float:
    """How often an innocent case has the higher chance; a tie counts one half."""
    below = rightly = 0.0
    ordered = sorted(cases, key=lambda case: case.chance)
    for _chance, tied in groupby(ordered, key=lambda case: case.chance):
        innocent, guilty = _split(list(tied))
        rightly += innocent * (below + guilty / 2)
        below += guilty
    innocent, guilty = _split(cases)
    return rightly / (innocent * guilty)


def _split(cases: Sequence[Case]) -> tuple[float, float]:
    innocent = math.fsum(case.weight for case in cases if case.innocent)
    return innocent, math.fsum(case.weight for case in cases) - innocent


def _gaps(cases: Sequence[Case]) -> Iterator[float]:
    """What was said beside what was true, in ten bins of equal width."""
    bins: list[list[Case]] = [[] for _ in range(_BINS)]
    for case in cases:
        bins[min(_BINS - 1, int(case.chance * _BINS))].append(case)
    for some in bins:
        yield abs(math.fsum(case.weight * (case.chance - case.innocent) for case in some))


def _said(cases: Sequence[Case], total: float, innocent: bool) -> tuple[float, float]:
    said = math.fsum(case.weight for case in cases)
    wrong = math.fsum(case.weight for case in cases if case.innocent is not innocent)
    return said / total, wrong / said if said else 0.0
