"""Figures of judging in a rough world (`bench.rough`): sixty days a CI, at 20 results a day."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from bench.rough import changes as rough_changes
from bench.simulated import Effort, came, replayed
from bench.world import (
    CI,
    DAY,
    HOUR,
    REFERENCE,
    STABLE,
    START,
    Made,
    Mood,
    Nature,
    Traffic,
    tracked,
    world,
)
from cibot.replay.timeline import Timeline

DAYS, TURN = 60.0, 30.0
_MONTHS = DAYS / 30
_BURST = 600.0  # seconds
WELL = Mood(0.9)
ROUGH = Traffic(20, 0.1, changes=rough_changes)
_SERIES = replace(ROUGH, series=0.02)
_UNKNOWN = replace(ROUGH, known_authors=False)
_HEALTHY = (
    ("independent, 0.9", replace(ROUGH, broken=0.0), WELL, CI),
    ("clustered, 0.9", ROUGH, WELL, CI),
    ("clustered, 0.9, runs to its end", ROUGH, Mood(0.9, aborts=False), CI),
    ("clustered, 0.97", ROUGH, Mood(0.97), CI),
    ("clustered, 0.97, 3 % infra", ROUGH, Mood(0.97, infra=0.03), CI),
    ("clustered, 0.9, one branch only", ROUGH, Mood(0.9, only=STABLE), CI),
    ("nobody known", _UNKNOWN, WELL, CI),
    ("no reference", ROUGH, WELL, REFERENCE),
    ("no reference, nobody known", _UNKNOWN, WELL, REFERENCE),
    ("authors' series", _SERIES, WELL, CI),
    ("authors' series, nobody known", replace(_UNKNOWN, series=0.02), WELL, CI),
    ("no reference, series", _SERIES, WELL, REFERENCE),
    ("no reference, series, nobody known", replace(_UNKNOWN, series=0.02), WELL, REFERENCE),
)
_CASES: dict[str, tuple[Mood, str]] = {
    "→ 0.5": (Mood(0.5), "15"),
    "→ 0.0": (Mood(0.0), "5"),
    "→ 0.8": (Mood(0.8), "138"),
    "half breaks by itself (infra)": (Mood(0.9, infra=0.5), "15"),
    "a fifth breaks by itself": (Mood(0.9, infra=0.2), ""),
    "one of three jobs breaks": (Mood(0.9, broken_job="tempest"), ""),
    "one of three branches breaks": (Mood(0.9, breaks=STABLE), ""),
    "silent on one of three branches": (Mood(0.9, quiet=STABLE), ""),
    "a third on one of three branches": (Mood(0.9, thin=STABLE), ""),
    "a job vanishes": (Mood(0.9, gone="tempest"), ""),
    "a job passes in half a minute": (Mood(0.9, fast="tempest"), ""),
    "passes everything": (Mood(0.9, blind=True), "once"),
}


def rough(effort: Effort) -> Iterator[str]:
    """False alerts, results to detect, and silence."""
    cis = 13 * effort.futures
    yield f"Rough world, 20 results a day: alerts a CI-month of {cis} CIs that never change:"
    yield "incidents opened, messages that something began or got worse, and of which signal"
    for name, traffic, mood, ci in _HEALTHY:
        counts, opened, n = Counter[str](), 0, cis * _MONTHS
        for i in range(cis):
            incidents, alerts = _alerts(f"{effort.seed} {name} {i}", traffic, mood, ci)
            opened += incidents
            counts.update(alerts)
        by_signal = ", ".join(
            f"{signal} {count / n:.3f}" for signal, count in sorted(counts.items())
        )
        yield f"{name:<36}{opened / n:>7.3f}{counts.total() / n:>7.3f}   {by_signal}"
    yield "Results until told, from day 30 on (told; opened and came again afterwards, a CI)"
    for name, (mood, target) in _CASES.items():
        yield _drop(f"{effort.seed} {name}", ROUGH, mood, effort, f"{name:<34}") + f"   {target}"
    for passes in (0.0, 0.5):
        for authors in (1, 3):
            name = f"→ {passes}, {authors} author{'s' * (authors > 1)} with series"
            traffic = replace(_SERIES, authors=authors)
            yield _drop(f"{effort.seed} {name}", traffic, Mood(passes), effort, f"{name:<34}")
    yield from _silences(effort)


def _alerts(seed: str, traffic: Traffic, mood: Mood, ci: int) -> tuple[int, list[str]]:
    """How many incidents opened, and the signals of the alerts that were sent."""
    made = world(random.Random(seed), traffic, [lambda _day: mood], DAYS)
    tracker = tracked(made, ci, DAYS)
    opened = sum(step.transition.name in ("opened", "reopened") for step in tracker.steps)
    said = Timeline(replayed({ci: tracker})).said()
    return opened, [message.news.symptom.signal for message in said if message.news.worse]


def turn(usual: Mood, then: Mood) -> Nature:
    return lambda day: then if day >= TURN else usual


def _drop(seed: str, traffic: Traffic, mood: Mood, effort: Effort, name: str) -> str:
    counts, alerted, again, signals = [], 0, 0, Counter[str]()
    cis = 4 * effort.futures
    for i in range(cis):
        made = world(random.Random(f"{seed} {i}"), traffic, [turn(WELL, mood)], DAYS)
        tracker = tracked(made, CI, DAYS)
        begin = START + TURN * DAY
        times = sorted((at, signal) for signal, at in came(tracker) if at >= begin)
        if times:
            alerted += 1
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
    return f"{name}{statistics.median(counts):>6g} ({alerted}/{cis}; {again / cis:.2f})   {by}"


def results(made: list[Made], begin: float, until: float) -> int:
    """First verdicts on patch sets of that span; where the reference failed, none counts."""
    n = 0
    for change in made:
        failed = {said.patch_set for said in change.said.get(1, ()) if said.letter == "F"}
        seen: set[int] = set()
        for said in change.said.get(CI, ()):
            if said.letter == "A" or said.patch_set in failed | seen:
                continue
            seen.add(said.patch_set)
            n += change.uploads[said.patch_set - 1] >= begin and said.at <= until
    return n


def _silences(effort: Effort) -> Iterator[str]:
    yield "Silence of five days or more, nights and weekends a twentieth: told, hours (median, p95)"
    yield "and when the third patch set came, those of the same ten minutes taken for one"
    for pace in (2, 20):
        hours, third, cis = [], [], 4 * effort.futures
        false = 0
        for i in range(cis):
            traffic = Traffic(pace, 0.1, week=True, changes=rough_changes)
            nature = turn(WELL, Mood(0.9, covers=0.0))
            made = world(random.Random(f"{effort.seed} silent {pace} {i}"), traffic, [nature], DAYS)
            tracker = tracked(made, CI, DAYS)
            last = max(said.at for change in made for said in change.said.get(CI, ()))
            at = [at for signal, at in came(tracker) if signal == "silent"]
            false += sum(when < last for when in at)
            hours.append(
                min((when - last for when in at if when >= last), default=DAYS * DAY) / HOUR
            )
            third.append((_third(made, last) - last) / HOUR)
        alerted = sum(delay < DAYS * 24 for delay in hours)
        said, least = (
            f"{statistics.median(each):.0f} h, {sorted(each)[int(0.95 * cis)]:.0f} h"
            for each in (hours, third)
        )
        yield f"{f'{pace} a day':<34}{said:>14} ({alerted}/{cis}; false {false}); {least}"


def _third(made: list[Made], last: float) -> float:
    """When the third patch set after ``last`` came: fewer that are missed prove no silence."""
    uploads = (at for change in made for at in change.uploads if at > last)
    return sorted({at // _BURST * _BURST for at in uploads})[2]
