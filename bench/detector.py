"""The change chart alone, against its rivals: false alerts and results to detect.

    python -m bench.detector [--quick] [--months N] [--seed N]

Simulated histories, seeded. The chart is the production one. "Clustered" means
that a tenth of the changes is broken and fails everywhere, the reference
included in 95 of 100 cases. The chart sees only what the reference passed, and
of a change that fails again and again the first failure; its rivals see
everything, as they would in the field. After 3,000 healthy results (720 at 2 a
day) the rate changes, and the results until an alert are counted.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator

from cibot.config.policy import ChartPolicy
from cibot.health.chart import Chart

DAY = 86_400.0
HEALTHY = (0.5, 0.8, 0.9, 0.97, 0.995)
PACES = (2, 20, 100)
DROPS = (0.5, 0.0, 0.8)
TARGET = {20: (15, 5, 138), 100: (17, 5, 187)}
MONTHLY = 0.05
_MORE = 10  # so many times as many drops for the chart, which is held against a target

Detector = Callable[[bool, float], bool]  # (passed, day) -> is it firing now


def chart(_pace: float) -> Detector:
    """Ours."""
    detector = Chart(ChartPolicy(false_alerts=MONTHLY))

    def add(passed: bool, at: float) -> bool:
        detector.add(passed, at * DAY)
        return detector.dropped is not None

    return add


def scoreboard(_pace: float) -> Detector:
    """Less than 80 % of the last 20 passed."""
    last: deque[bool] = deque(maxlen=20)

    def add(passed: bool, _at: float) -> bool:
        last.append(passed)
        return len(last) == 20 and sum(last) < 16

    return add


def testgrid(_pace: float) -> Detector:
    """Three failures in a row; over with the next pass."""
    row = 0

    def add(passed: bool, _at: float) -> bool:
        nonlocal row
        row = 0 if passed else row + 1
        return row >= 3

    return add


def sippy(_pace: float) -> Detector:
    """Fisher's exact test of the last 7 days against the 30 before, at 5 %, looked at daily."""
    days: deque[list[int]] = deque([[0, 0]], maxlen=37)
    today, firing = 0, False

    def add(passed: bool, at: float) -> bool:
        nonlocal today, firing
        while int(at) > today:
            today += 1
            firing = _fisher(list(days))
            days.append([0, 0])
        days[-1][0] += 1
        days[-1][1] += passed
        return firing

    return add


def _fisher(days: list[list[int]]) -> bool:
    new, old = days[-7:], days[:-7]
    n, k = sum(d[0] for d in new), sum(d[1] for d in new)
    m, j = sum(d[0] for d in old), sum(d[1] for d in old)
    if not n or not m or k / n >= j / m:
        return False
    total = math.log(math.comb(n + m, k + j))
    ways = (math.comb(n, i) * math.comb(m, k + j - i) for i in range(k, max(-1, k - 60), -1))
    return sum(math.exp(math.log(way) - total) for way in ways if way) < 0.05


def cusum(p0: float, p1: float, h: float) -> Detector:
    """A plain Bernoulli CUSUM, which starts over after each alert."""
    up, down, score = math.log(p1 / p0), math.log((1 - p1) / (1 - p0)), 0.0

    def add(passed: bool, _at: float) -> bool:
        nonlocal score
        score = max(0.0, score + (up if passed else down))
        fired = score >= h
        if fired:
            score = 0.0
        return fired

    return add


def oracle_height(rng: random.Random, p0: float, p1: float, pace: float) -> float:
    """The height at which a CUSUM that knows both rates keeps to the limit of false alerts."""
    up, down = math.log(p1 / p0), math.log((1 - p1) / (1 - p0))
    peaks, peak, score, steps = [], 0.0, 0.0, 600_000
    for _ in range(steps):
        score += up if rng.random() < p0 else down
        if score <= 0.0:
            peaks.append(peak)
            peak = score = 0.0
        elif score > peak:
            peak = score
    allowed = steps * MONTHLY / (30 * pace)  # alerts that this many results may bring
    peaks.sort(reverse=True)
    if allowed >= 50:
        return peaks[int(allowed)]
    return peaks[50] + math.log(50 / allowed)  # the tail of a CUSUM's peaks is exponential


def history(rng: random.Random, p0: float, clustered: bool) -> Iterator[tuple[bool, bool, int]]:
    """(passed, the reference passed, the change), for ever."""
    change = 0
    while not clustered:
        change += 1
        yield rng.random() < p0, True, change
    while True:
        change += 1
        broken = rng.random() < 0.1
        while True:
            if broken:
                yield False, rng.random() > 0.95, change
            else:
                yield rng.random() < p0, True, change
            if rng.random() < 0.5:
                break


def false_alerts(
    make: Callable[[float], Detector], pace: float, p0: float, months: int, seed: int, mode: str
) -> float:
    """Alerts per CI-month of a healthy CI; each history lasts a year."""
    rng, alerts, histories = random.Random(seed), 0, max(1, months // 12)
    for _ in range(histories):
        detector, firing, failed = make(pace), False, 0
        results = history(rng, p0, mode != "iid")
        for i in range(int(360 * pace)):
            passed, reference, change = next(results)
            if mode == "paired" and (not reference or (not passed and change == failed)):
                continue
            failed = failed if passed else change
            now = detector(passed, i / pace)
            alerts += now and not firing
            firing = now
    return alerts / (histories * 12)


def results_to_detect(
    make: Callable[[float], Detector], pace: float, p1: float, runs: int, seed: int, p0: float = 0.9
) -> float:
    """Median number of results from the drop to the alert; runs that fire at the drop wait."""
    rng, counts = random.Random(seed), []
    before = 720 if pace < 10 else 3000
    for _ in range(runs):
        detector, i = make(pace), 0
        while i < before or detector(rng.random() < p0, i / pace):
            if i < before:
                detector(rng.random() < p0, i / pace)
            i += 1
        for n in range(1, 3001):
            if detector(rng.random() < p1, (i + n) / pace):
                break
        counts.append(n)
    return statistics.median(counts)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the CI-months")
    parser.add_argument("--months", type=int, default=2400, help="CI-months a cell")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    months, runs = (asked.months // 10, 41) if asked.quick else (asked.months, 201)
    began = time.perf_counter()
    print(f"The chart: false alerts per CI-month, {months} CI-months a cell (limit {MONTHLY})")
    print("healthy p0        " + "".join(f"{p0:>16}" for p0 in HEALTHY))
    for pace in PACES:
        cells = [
            [false_alerts(chart, pace, p0, months, asked.seed, mode) for mode in ("iid", "paired")]
            for p0 in HEALTHY
        ]
        print(f"{pace:>4} a day        " + "".join(f"{a:>8.3f} /{b:>6.3f}" for a, b in cells))
    print("(iid / failures clustered on broken changes)\n")
    _rivals(months, runs, asked.seed)
    print(f"\n{time.perf_counter() - began:.0f} s")


def _rivals(months: int, runs: int, seed: int) -> None:
    rng = random.Random(seed)
    few = max(12, months // 20)
    heights = {
        pace: {p1: oracle_height(rng, 0.9, p1 or 0.02, pace) for p1 in DROPS} for pace in (20, 100)
    }
    rows: list[tuple[str, Callable[[float], Detector], str]] = [
        ("last 20 < 80 % (scoreboards)", scoreboard, "clustered"),
        ("3 in a row (TestGrid)", testgrid, "clustered"),
        ("7 d against 30 d (Sippy)", sippy, "clustered"),
        ("CUSUM 0.9 to 0.6, h=5", lambda _pace: cusum(0.9, 0.6, 5), "clustered"),
        ("the chart", chart, "paired"),
    ]
    print(f"Healthy p0 = 0.9, at 20 / 100 results a day; medians of {runs} drops,", end=" ")
    print(f"the chart's of {_MORE * runs}")
    print(
        f"{'detector':<30}{'false, iid':>14}{'clustered':>14}{'→0.5':>10}{'→0.0':>10}{'→0.8':>12}"
    )
    for name, make, mode in rows:
        drops = _MORE * runs if make is chart else runs
        print(f"{name:<30}" + _row(make, mode, few, drops, seed))
    for_drops = [
        [
            results_to_detect(
                lambda _p, p=pace, d=p1: cusum(0.9, d or 0.02, heights[p][d]), pace, p1, runs, seed
            )
            for pace in (20, 100)
        ]
        for p1 in DROPS
    ]
    print(f"{'CUSUM that knows p0 and p1':<30}{'0.05 / 0.05':>14}{'':>14}" + _medians(for_drops))
    print(
        f"{'target':<30}{'0.05 / 0.05':>14}{'0.05 / 0.05':>14}"
        + _medians([[TARGET[20][i], TARGET[100][i]] for i in range(3)])
    )


def _row(make: Callable[[float], Detector], mode: str, months: int, runs: int, seed: int) -> str:
    cells = [
        [false_alerts(make, pace, 0.9, months, seed, how) for pace in (20, 100)]
        for how in ("iid", mode)
    ]
    medians = [
        [results_to_detect(make, pace, p1, runs, seed) for pace in (20, 100)] for p1 in DROPS
    ]
    return "".join(f"{f'{a:.2f} / {b:.2f}':>14}" for a, b in cells) + _medians(medians)


def _medians(medians: list[list[float]]) -> str:
    widths = (10, 10, 12)
    return "".join(f"{f'{a:g}/{b:g}':>{w}}" for (a, b), w in zip(medians, widths, strict=True))


if __name__ == "__main__":
    main()
