"""Figures of judging, on simulated troubles: recovery, flapping, a gate's breakage, slow drift."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator

from bench.simulated import (
    CHANGES,
    RIVALS,
    Effort,
    first_alert,
    messages,
    opened,
    pasts,
    results,
)
from bench.world import CI, DAY, REFERENCE, START, Mood, Traffic, always, tracked, world


def recovery(effort: Effort) -> Iterator[str]:
    """Results from the end of an outage until its incidents are over."""
    yield "Median results until the incident is over, 20 / 100 a day; outage of two days at 0"
    for after, target in ((0.9, "target 5"), (1.0, "target 5")):
        medians = []
        for pace in (20, 100):
            counts = []
            for each in pasts(effort, Traffic(pace), passes=after):
                back = each.day + 2
                for seed in range(effort.futures):
                    made, tracker = each.future(
                        seed, lambda day, b=back, a=after: Mood(a if day >= b else 0.0), 8
                    )
                    ends = [
                        step.transition.at.timestamp()
                        for step in tracker.steps
                        if step.transition.name == "resolved"
                    ]
                    over = next((at for at in ends if at >= START + back * DAY), float("inf"))
                    counts.append(sum(at <= over for at, _ in results(made, back)))
            medians.append(statistics.median(counts))
        yield f"{f'back to {after:g}':<40}{f'{medians[0]:g} / {medians[1]:g}':>14}   {target}"


def flapping(effort: Effort) -> Iterator[str]:
    """A CI that goes from good to bad and back."""
    yield "A CI that is at 0.95 and at 0.2 in turns: symptoms / messages a day, beside the rivals"
    days = 14.0
    for pace, hours in ((20, 6), (20, 24), (100, 6), (100, 24)):
        ours, sent = 0.0, 0.0
        rivals = dict.fromkeys(RIVALS, 0.0)
        all_pasts = pasts(effort, Traffic(pace, 0.1), passes=0.95)
        for each in all_pasts:
            made, tracker = each.future(
                1, lambda day, h=hours: Mood(0.2 if int(day * 24 / h) % 2 else 0.95), days
            )
            ours += sum(opened(tracker).values()) / days
            sent += messages({CI: tracker}) / days
            outcomes = results(made, each.day)
            for name in RIVALS:
                rivals[name] += _alerts(name, pace, outcomes) / days
        n = len(all_pasts)
        beside = ", ".join(f"{name} {alerts / n:.2g}" for name, alerts in rivals.items())
        said = f"{ours / n:.2f} / {sent / n:.2f}"
        yield f"{f'every {hours} h, {pace} results a day':<34}{said:>14}   {beside}"


def _alerts(name: str, pace: float, outcomes: list[tuple[float, bool]]) -> int:
    detector, firing, alerts = RIVALS[name](pace), False, 0
    for at, passed in outcomes:
        now = detector(passed, (at - START) / DAY)
        alerts += now and not firing
        firing = now
    return alerts


def gate(effort: Effort) -> Iterator[str]:
    """Six hours in which everything fails everywhere, the reference included."""
    yield "A gate's breakage of six hours, 30 CIs with the reference, 100 patch sets a day"
    sent, theirs = 0, dict.fromkeys(RIVALS, 0)
    begin, days, cis = 20.0, 24.0, 30
    traffic = Traffic(100, 0.1, gate=(begin, begin + 0.25))
    rng = random.Random(effort.seed)
    made = world(rng, traffic, [always(passes=0.95)] * cis, days)
    trackers = {}
    for ci in range(REFERENCE, CI + cis):
        tracker = tracked(made, ci, days)
        around = START + begin * DAY
        tracker.steps = [
            step
            for step in tracker.steps
            if around <= step.transition.at.timestamp() < around + DAY
        ]
        trackers[ci] = tracker
        outcomes = sorted(
            (said.at, said.letter == "P") for change in made for said in change.said.get(ci, ())
        )
        for name in RIVALS:
            before = [outcome for outcome in outcomes if outcome[0] < around]
            upto = [outcome for outcome in outcomes if outcome[0] < around + DAY]
            theirs[name] += _alerts(name, 100, upto) - _alerts(name, 100, before)
    sent = messages(trackers)
    beside = ", ".join(f"{name} {alerts}" for name, alerts in theirs.items())
    yield f"{'messages sent that day':<34}{sent:>14}   {beside}"


def drift(effort: Effort) -> Iterator[str]:
    """From 0.9 to 0.6 over a month."""
    yield "Slow drift from 0.9 to 0.6 over 30 days: the day of the first alert (rate that day)"
    for pace in (2, 20, 100):
        days = []
        rivals: dict[str, list[float]] = {name: [] for name in RIVALS}
        for each in pasts(effort, Traffic(pace, 0.1)):
            made, tracker = each.future(
                1, lambda day, b=each.day: Mood(max(0.6, 0.9 - 0.01 * (day - b))), 60
            )
            at = first_alert(tracker, CHANGES | {"level", "disagreement"})
            days.append((at - START) / DAY - each.day if at else 60.0)
            outcomes = results(made, each.day)
            for name in RIVALS:
                rivals[name].append(_first(name, pace, outcomes, each.day))
        day = statistics.median(days)
        beside = ", ".join(
            f"{name} {statistics.median(theirs):.0f}" for name, theirs in rivals.items()
        )
        said = f"{day:.0f} ({max(0.6, 0.9 - 0.01 * day):.2f})"
        yield f"{f'{pace} results a day':<34}{said:>14}   {beside}"


def _first(name: str, pace: float, outcomes: list[tuple[float, bool]], begin: float) -> float:
    detector = RIVALS[name](pace)
    for at, passed in outcomes:
        day = (at - START) / DAY
        if detector(passed, day):
            return day - begin
    return 60.0
