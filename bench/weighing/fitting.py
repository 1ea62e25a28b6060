"""Logistic regression with a prior: the weights stay near those of the table where data are few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from cibot.health.weighing.evidence import FailureFacts
from cibot.health.weighing.reasons import REASONS, START

PRIOR = 100.0  # how much the prior weighs, in cases
_STEPS, _CLOSE = 25, 1e-6
Vector = list[float]


class Row(NamedTuple):
    """A case's amounts, one for the start and one a reason; whether innocent; its weight."""

    amounts: Vector
    innocent: bool
    weight: float


def amounts(facts: FailureFacts) -> Vector:
    """What the weights are multiplied with."""
    return [1.0, *(row.amount(facts) for row in REASONS)]


def table() -> Vector:
    """The product's own weights."""
    return [START, *(row.weight for row in REASONS)]


def chance(weights: Sequence[float], amounts: Sequence[float]) -> float:
    """The chance that weights give to a case."""
    odds = math.fsum(weight * amount for weight, amount in zip(weights, amounts, strict=True))
    return 1 / (1 + math.exp(-odds))


def fit(rows: Sequence[Row], prior: Sequence[float], strength: float = PRIOR) -> Vector:
    """The weights of the highest posterior, by Newton's method."""
    weights = list(prior)
    for _ in range(_STEPS):
        slope, bend = _derivatives(rows, weights)
        for place, usual in enumerate(prior):
            slope[place] -= strength * (weights[place] - usual)
            bend[place][place] += strength
        step = _solve(bend, slope)
        weights = [weight + part for weight, part in zip(weights, step, strict=True)]
        if max(map(abs, step)) < _CLOSE:
            break
    return weights


def _derivatives(rows: Sequence[Row], weights: Vector) -> tuple[Vector, list[Vector]]:
    size = len(weights)
    slope, bend = [0.0] * size, [[0.0] * size for _ in range(size)]
    for amounts, innocent, weight in rows:
        said = chance(weights, amounts)
        spread = weight * said * (1 - said)
        present = [place for place in range(size) if amounts[place]]
        for left in present:
            slope[left] += weight * (innocent - said) * amounts[left]
            for right in present:
                bend[left][right] += spread * amounts[left] * amounts[right]
    return slope, bend


def _solve(matrix: list[Vector], right: Vector) -> Vector:
    """Gaussian elimination; the matrix is positive definite."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for place, pivot in enumerate(rows):
        for other in rows[place + 1 :]:
            factor = other[place] / pivot[place]
            for column in range(place, len(pivot)):
                other[column] -= factor * pivot[column]
    solution = [0.0] * len(rows)
    for place in reversed(range(len(rows))):
        rest = math.fsum(rows[place][k] * solution[k] for k in range(place + 1, len(rows)))
        solution[place] = (rows[place][-1] - rest) / rows[place][place]
    return solution
