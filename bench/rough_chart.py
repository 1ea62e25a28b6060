"""The chart alone in a rough world, beside CUSUM charts that know what it has to learn.

All are fed with the first verdicts of the same histories (`bench.rough_figures`). The charts that
know count each kind of verdict by its own rates, as seen in those histories: one knows the
rates before and after the drop, one those before only and looks for eight drops at once. Their
height is the one at which healthy histories bring as many false alerts as the chart does.
"""

from __future__ import annotations

import math
import random
import statistics
from collections import Counter
from collections.abc import Iterator

from bench.rough_figures import DAYS, ROUGH, TURN, WELL, results, turn
from bench.simulated import Effort
from bench.world import CI, DAY, START, Mood, Nature, inputs, world
from cibot.config.policy import ChartPolicy, SuccessPolicy
from cibot.health.facts import Upload
from cibot.health.inputs import FirstVerdict
from cibot.health.level import Level
from cibot.health.series import Stacks
from cibot.health.success import Success

_BEGIN = START + TURN * DAY
_DROPS = tuple(0.3 * step for step in range(1, 9))  # in log odds
_LEAST = 0.01  # no rate is taken for lower than this
_Kind = tuple[bool, int]
_Gains = list[dict[_Kind, tuple[float, float]]]


class _History:
    """A history's first verdicts, and what each one rests on: paired, and failures before it."""

    def __init__(self, seed: str, nature: Nature) -> None:
        self.made = world(random.Random(seed), ROUGH, [nature], DAYS)
        self.verdicts = [
            verdict for verdict in inputs(self.made, CI) if isinstance(verdict, FirstVerdict)
        ]
        stacks = Stacks()
        self.kinds: list[_Kind] = []
        for verdict in self.verdicts:
            failures, upload = verdict.failures, verdict.upload or Upload(0.0)
            failures += stacks.count(upload, verdict.proof.change_id)
            self.kinds.append((verdict.paired, min(failures, 3)))
            if not verdict.passed:
                stacks.add(upload, verdict.proof.change_id)


def chart(effort: Effort) -> Iterator[str]:
    """False alerts and results to detect."""
    n = 4 * effort.futures
    healthy = [_History(f"{effort.seed} healthy {i}", lambda _day: WELL) for i in range(3 * n)]
    months = len(healthy) * DAYS / 30
    false = sum(len(_fired(history)) for history in healthy)
    yield f"The chart alone, rough world, {false / months:.3f} false alerts a CI-month; results"
    yield f"until told (told of {n} in the 30 days): the chart; knows the usual rate; knows both"
    for passes in (0.8, 0.5, 0.0):
        histories = [
            _History(f"{effort.seed} {passes} {i}", turn(WELL, Mood(passes))) for i in range(n)
        ]
        ours = [
            next((at for at in _fired(history) if at >= _BEGIN), math.inf) for history in histories
        ]
        cells = [_said(histories, ours)]
        for gains in (
            _looking(_rates(healthy)),
            _knowing(_rates(healthy), _rates(histories, _BEGIN)),
        ):
            peaks = sorted(
                (peak for history in healthy for peak in _peaks(history, gains)), reverse=True
            )
            height = peaks[max(1, false)]
            cells.append(
                _said(histories, [_first(history, gains, height) for history in histories])
            )
        yield f"{f'→ {passes}':<10}" + "".join(f"{cell:>18}" for cell in cells)


def _said(histories: list[_History], at: list[float]) -> str:
    counts = [
        results(history.made, _BEGIN, when) if when < math.inf else math.inf
        for history, when in zip(histories, at, strict=True)
    ]
    return f"{statistics.median(counts):g} ({sum(n < math.inf for n in counts)})"


def _fired(history: _History) -> list[float]:
    """When the production chart fires."""
    policy = SuccessPolicy()
    success, fired, was = Success(policy, ChartPolicy(), Level(policy)), [], False
    for verdict in history.verdicts:
        success.take(verdict)
        fires = success.chart.dropped is not None
        if fires and not was:
            fired.append(verdict.at)
        was = fires
    return fired


def _rates(histories: list[_History], begin: float = 0.0) -> dict[_Kind, float]:
    """The pass rate of each kind of verdict."""
    n, passes = Counter[_Kind](), Counter[_Kind]()
    for history in histories:
        for verdict, kind in zip(history.verdicts, history.kinds, strict=True):
            if verdict.at >= begin:
                n[kind] += 1
                passes[kind] += verdict.passed
    return {kind: (passes[kind] + 0.5) / (n[kind] + 1) for kind in n}


def _gain(before: float, after: float) -> tuple[float, float]:
    after = max(_LEAST, min(before, after))
    return math.log((1 - after) / (1 - before)), math.log(after / before)


def _knowing(before: dict[_Kind, float], after: dict[_Kind, float]) -> _Gains:
    return [{kind: _gain(rate, after.get(kind, rate)) for kind, rate in before.items()}]


def _looking(before: dict[_Kind, float]) -> _Gains:
    return [
        {
            kind: _gain(rate, 1 / (1 + math.exp(drop) * (1 - rate) / rate))
            for kind, rate in before.items()
        }
        for drop in _DROPS
    ]


def _scores(history: _History, gains: _Gains) -> Iterator[tuple[float, float]]:
    """(when, the highest score) after each verdict."""
    scores = [0.0] * len(gains)
    for verdict, kind in zip(history.verdicts, history.kinds, strict=True):
        for place, gain in enumerate(gains):
            step = gain.get(kind, (0.0, 0.0))[verdict.passed]
            scores[place] = max(0.0, scores[place] + step)
        yield verdict.at, max(scores)


def _peaks(history: _History, gains: _Gains) -> Iterator[float]:
    """The highest score between two returns to zero."""
    peak = 0.0
    for _at, score in _scores(history, gains):
        if score == 0.0 and peak:
            yield peak
            peak = 0.0
        peak = max(peak, score)
    yield peak


def _first(history: _History, gains: _Gains, height: float) -> float:
    passed = (at for at, score in _scores(history, gains) if at >= _BEGIN and score >= height)
    return next(passed, math.inf)
