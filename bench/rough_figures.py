"""Figures of judging in a rough world (`bench.rough`): sixty days a CI, at 20 results a day."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Iterator

from bench.simulated import CI, Effort, came
from bench.world import DAY, HOUR, STABLE, START, Made, Mood, Nature, Traffic, tracked, world

DAYS, TURN = 60.0, 30.0
_MONTHS = DAYS / 30
_RESULTS = frozenset({"success", "job", "level", "disagreement", "infra"})
WELL = Mood(0.9)
_CASES: dict[str, tuple[Mood, str]] = {
    "→ 0.5": (Mood(0.5), "15"),
    "→ 0.0": (Mood(0.0), "5"),
    "→ 0.8": (Mood(0.8), "138"),
    "half breaks by itself (infra)": (Mood(0.9, infra=0.5), "15"),
    "a fifth breaks by itself": (Mood(0.9, infra=0.2), ""),
    "one of three jobs breaks": (Mood(0.9, broken_job="tempest"), ""),
    "one of three branches breaks": (Mood(0.9, breaks=STABLE), ""),
    "silent on one of three branches": (Mood(0.9, quiet=STABLE), ""),
    "a job vanishes": (Mood(0.9, gone="tempest"), ""),
    "a job passes in half a minute": (Mood(0.9, fast="tempest"), ""),
    "passes everything": (Mood(0.9, blind=True), "once"),
}


def rough(effort: Effort) -> Iterator[str]:
    """False alerts, results to detect, and silence."""
    cis = 13 * effort.futures
    yield f"Rough world, 20 results a day: alerts a CI-month of {cis} CIs that never change"
    for name, broken, mood in (
        ("independent, 0.9", 0.0, WELL),
        ("clustered, 0.9", 0.1, WELL),
        ("clustered, 0.9, runs to its end", 0.1, Mood(0.9, aborts=False)),
        ("clustered, 0.97", 0.1, Mood(0.97)),
        ("clustered, 0.97, 3 % infra", 0.1, Mood(0.97, infra=0.03)),
        ("clustered, 0.9, one branch only", 0.1, Mood(0.9, only=STABLE)),
    ):
        traffic = Traffic(20, broken, rough=True)
        found = sum(
            (_opened(f"{effort.seed} {name} {i}", traffic, mood) for i in range(cis)),
            Counter[str](),
        )
        n = cis * _MONTHS
        by_signal = ", ".join(
            f"{signal} {count / n:.3f}" for signal, count in sorted(found.items())
        )
        yield f"{name:<34}{found['incidents'] / n:>7.3f}   {by_signal}"
    yield "Results until told, from day 30 on (told; opened and came again afterwards, a CI)"
    for name, (mood, target) in _CASES.items():
        yield (
            _drop(f"{effort.seed} {name}", mood, 4 * effort.futures, f"{name:<34}") + f"   {target}"
        )
    yield from _silences(effort)


def _opened(seed: str, traffic: Traffic, mood: Mood) -> Counter[str]:
    made = world(random.Random(seed), traffic, [lambda _day: mood], DAYS)
    tracker = tracked(made, CI, DAYS)
    found = Counter(signal for signal, _at in came(tracker))
    found["incidents"] = sum(
        step.transition.name in ("opened", "reopened") for step in tracker.steps
    )
    return found


def turn(usual: Mood, then: Mood) -> Nature:
    return lambda day: then if day >= TURN else usual


def _drop(seed: str, mood: Mood, cis: int, name: str) -> str:
    counts, told, again, signals = [], 0, 0, Counter[str]()
    for i in range(cis):
        made = world(
            random.Random(f"{seed} {i}"), Traffic(20, 0.1, rough=True), [turn(WELL, mood)], DAYS
        )
        tracker = tracked(made, CI, DAYS)
        begin = START + TURN * DAY
        times = sorted((at, signal) for signal, at in came(tracker) if at >= begin)
        if times:
            told += 1
            signals[times[0][1]] += 1
            again += (
                sum(
                    step.transition.name in ("opened", "reopened")
                    for step in tracker.steps
                    if step.transition.at.timestamp() > begin
                )
                - 1
            )
        counts.append(results(made, begin, times[0][0] if times else START + DAYS * DAY))
    by = ", ".join(f"{signal} {n}" for signal, n in signals.most_common(3))
    return f"{name}{statistics.median(counts):>6g} ({told}/{cis}; {again / cis:.2f})   {by}"


def results(made: list[Made], begin: float, until: float) -> int:
    """First verdicts on patch sets of that span; where the reference failed, none counts."""
    n = 0
    for one in made:
        failed = {said.patch_set for said in one.said.get(1, ()) if said.letter == "F"}
        seen: set[int] = set()
        for said in one.said.get(CI, ()):
            if said.letter == "A" or said.patch_set in failed | seen:
                continue
            seen.add(said.patch_set)
            n += one.uploads[said.patch_set - 1] >= begin and said.at <= until
    return n


def _silences(effort: Effort) -> Iterator[str]:
    yield "Silence of five days or more, nights and weekends a twentieth: told, hours (median, p95)"
    for pace in (2, 20):
        hours, cis = [], 4 * effort.futures
        false = 0
        for i in range(cis):
            traffic = Traffic(pace, 0.1, week=True, rough=True)
            nature = turn(WELL, Mood(0.9, covers=0.0))
            made = world(random.Random(f"{effort.seed} silent {pace} {i}"), traffic, [nature], DAYS)
            tracker = tracked(made, CI, DAYS)
            last = max(said.at for one in made for said in one.said.get(CI, ()))
            at = [at for signal, at in came(tracker) if signal == "silent"]
            false += sum(one < last for one in at)
            hours.append(min((one - last for one in at if one >= last), default=DAYS * DAY) / HOUR)
        hours.sort()
        told = sum(one < DAYS * 24 for one in hours)
        said = f"{statistics.median(hours):.0f} h, {hours[int(0.95 * cis)]:.0f} h"
        yield f"{f'{pace} a day':<34}{said:>14} ({told}/{cis}; false {false})"
