"""Figures of judging, on simulated CIs: false alerts, results to detect, silence, recovery.

What is judged is the production code from a change's course to its incidents
(``cibot.health``, ``cibot.incidents``); `bench.through` shows that the whole path from
Gerrit's JSON agrees with it.
"""

from __future__ import annotations

import json
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.detector import HEALTHY, PACES, Detector, cusum, scoreboard, sippy, testgrid
from bench.world import (
    CI,
    DAY,
    HOUR,
    PROJECT,
    REFERENCE,
    START,
    Made,
    Mood,
    Nature,
    Traffic,
    always,
    inputs,
    tracked,
    world,
)
from cibot.config.judgement import Policy
from cibot.health.facts import moment
from cibot.health.references import ANY_BRANCH, ReferencePeriods
from cibot.incidents.tracker import Tracker
from cibot.replay.run import Replayed
from cibot.replay.timeline import Timeline
from cibot.store.cis import KnownCi

CHANGES = frozenset({"success", "job"})
_SILENT = frozenset({"silent"})
_PARTS = 20  # of a future, after each of which is looked whether it is enough
RIVALS: dict[str, Callable[[float], Detector]] = {
    "scoreboards": scoreboard,
    "TestGrid": testgrid,
    "Sippy": sippy,
    "CUSUM .9/.6": lambda _pace: cusum(0.9, 0.6, 5),
}


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is simulated."""

    months: dict[int, int]  # CI-months a cell, by pace
    pasts: int  # healthy pasts
    futures: int  # of each of them
    seed: int = 1


FULL = 1200  # CI-months a cell at 2 results a day


def of_months(months: int) -> Effort:
    """About as much work at each pace."""
    return Effort({2: months, 20: months // 5, 100: months // 25}, 8, 13)


QUICK = Effort({2: 48, 20: 12, 100: 3}, 2, 5)


def came(tracker: Tracker) -> Iterator[tuple[str, float]]:
    """Each symptom that came, and when, in seconds of the epoch."""
    for step in tracker.steps:
        at, signal = step.transition.at, step.transition.signal
        symptom = step.incident.symptom(signal) if signal else None
        if symptom is not None and symptom.came_at == at:
            yield symptom.signal, at.timestamp()


def opened(tracker: Tracker) -> Counter[str]:
    """How often a symptom of each kind came."""
    return Counter(signal for signal, _at in came(tracker))


def alerts(effort: Effort, traffic: Traffic, nature: Nature) -> dict[str, float]:
    """Incidents per CI-month by kind, of histories of a year."""
    months = effort.months.get(int(traffic.pace), effort.months[2])
    length = min(12, months)
    counts: Counter[str] = Counter()
    histories = max(1, months // length)
    for number in range(histories):
        rng = random.Random(f"{effort.seed} {traffic} {number}")
        made = world(rng, traffic, [nature], 30 * length)
        counts += opened(tracked(made, CI, 30 * length))
    return {kind: n / (histories * length) for kind, n in counts.items()}


def honest(effort: Effort) -> Iterator[str]:
    """Alerts of CIs that never change."""
    yield "Alerts per CI-month of CIs that never change; of change (success and job), limit 0.05,"
    yield "and in brackets those of reaching a level; each failure by itself / clustered"
    yield f"{'results a day':<16}" + "".join(f"{f'p0 = {p0}':>34}" for p0 in HEALTHY)
    for pace in PACES:
        cells = []
        for p0 in HEALTHY:
            both = []
            for broken in (0.0, 0.1):
                rates = alerts(effort, Traffic(pace, broken), always(passes=p0))
                change = sum(n for kind, n in rates.items() if kind in CHANGES)
                level = sum(n for kind, n in rates.items() if kind not in CHANGES)
                both.append(f"{change:.3f} ({level:.2f})")
            cells.append(f"{' / '.join(both):>34}")
        yield f"{pace:<16}" + "".join(cells)


_RENAMED = (Mood(0.97), Mood(0.97, gone="tempest", new="tempest-next"))


def levels(effort: Effort) -> Iterator[str]:
    """Alerts of levels of CIs that lie 0.05 on the good side of them."""
    rows = {
        "level, 85 % pass": ("level", always(passes=0.85)),
        "disagreement, 10 %": ("disagreement", always(passes=0.90)),
        "infra, 5 % break": ("infra", always(passes=0.97, infra=0.05)),
        "coverage, half of all": ("coverage", always(passes=0.97, covers=0.5)),
        "latency, as ever": ("latency", always(passes=0.97)),
        "missing_job, a job is renamed": ("missing_job", lambda day: _RENAMED[day % 90 > 45]),
    }
    yield "Alerts of a level per CI-month of CIs 0.05 on its good side, limit 0.05"
    yield f"{'':<26}" + "".join(f"{f'{pace} a day':>12}" for pace in PACES)
    for name, (kind, nature) in rows.items():
        rates = [alerts(effort, Traffic(pace, 0.1), nature).get(kind, 0.0) for pace in PACES]
        yield f"{name:<26}" + "".join(f"{rate:>12.3f}" for rate in rates)


class Past:
    """A healthy CI up to day `day`, from which futures go on."""

    def __init__(self, traffic: Traffic, seed: int, day: float, nature: Nature) -> None:
        self.traffic, self.day = traffic, day
        self.made = world(random.Random(f"{seed} {traffic}"), traffic, [nature], day)
        self._row = json.dumps(tracked(self.made, CI, day).row())

    def future(
        self,
        seed: int,
        nature: Nature,
        days: float,
        enough: Callable[[Tracker], object] = lambda _life: None,
    ) -> tuple[list[Made], Tracker]:
        """What happens next, and the CI's tracker with it, until ``enough`` was seen."""
        traffic = self.traffic
        made = world(random.Random(f"{seed} then"), traffic, [nature], days, self.day)
        tracker = Tracker.of(Policy(), json.loads(self._row))
        events = [event for event in inputs(made, CI) if event.at > tracker.at]
        for part in range(1, _PARTS + 1):
            until = START + (self.day + days * part / _PARTS) * DAY
            since = tracker.at
            tracker.advance([event for event in events if since < event.at <= until], until)
            if enough(tracker):
                break
        return made, tracker


def pasts(effort: Effort, traffic: Traffic, **fields: Any) -> list[Past]:
    """Healthy ones, long enough to be known well."""
    days = max(30.0, 1500 / traffic.pace)
    return [
        Past(traffic, effort.seed * 1000 + i, days, always(**fields)) for i in range(effort.pasts)
    ]


def results(made: list[Made], begin: float) -> list[tuple[float, bool]]:
    """(when, passed) of what ran since day ``begin`` where the reference passed, in order."""
    outcomes = []
    for change in made:
        good = {said.patch_set for said in change.said.get(1, ()) if said.letter == "P"}
        outcomes += [
            (said.at, said.letter == "P")
            for said in change.said.get(CI, ())
            if said.patch_set in good and change.uploads[said.patch_set - 1] >= START + begin * DAY
        ]
    return sorted(outcomes)


def first_alert(tracker: Tracker, kinds: frozenset[str]) -> float | None:
    """When one of these kinds opened first, seconds of the epoch."""
    return min((at for signal, at in came(tracker) if signal in kinds), default=None)


def to_detect(
    past: list[Past], effort: Effort, mood: Mood, kinds: frozenset[str], days: float
) -> tuple[float, float]:
    """Median results until an alert of these kinds, and the share of futures without one."""
    counts, missed = [], 0
    for each in past:
        for seed in range(effort.futures):
            made, tracker = each.future(
                effort.seed * 100 + seed,
                lambda _day: mood,
                days,
                lambda tracker: first_alert(tracker, kinds),
            )
            outcomes, at = results(made, each.day), first_alert(tracker, kinds)
            missed += at is None
            counts.append(len(outcomes) if at is None else sum(when <= at for when, _ in outcomes))
    return statistics.median(counts), missed / len(counts)


_CASES: dict[str, tuple[Mood, frozenset[str], str]] = {
    "→ 0.5": (Mood(0.5), CHANGES, "15 / 17"),
    "→ 0.0": (Mood(0.0), CHANGES, "5 / 5"),
    "→ 0.8": (Mood(0.8), CHANGES, "138 / 187"),
    "infra failures at 40 %": (Mood(0.9, infra=0.4), frozenset({"infra"}), ""),
    "one of three jobs breaks": (Mood(0.9, broken_job="tempest"), CHANGES, ""),
    "a job vanishes": (Mood(0.9, gone="tempest"), frozenset({"missing_job"}), ""),
    "passes in half a minute": (Mood(0.9, fast="tempest"), frozenset({"too_fast"}), ""),
}


def detection(effort: Effort) -> Iterator[str]:
    """Results until an alert."""
    yield "Median results until an alert of a CI at 0.9, at 20 / 100 results a day (not told)"
    both = {pace: pasts(effort, Traffic(pace)) for pace in (20, 100)}
    for name, (mood, kinds, target) in _CASES.items():
        detected = [
            to_detect(past, effort, mood, kinds, 800 / pace * (2 if mood.passes == 0.8 else 0.4))
            for pace, past in both.items()
        ]
        said = " / ".join(f"{median:g}" for median, _ in detected)
        missed = max(share for _, share in detected)
        yield f"{name:<26}{said:>14}  ({missed:.0%})   {f'target {target}' if target else ''}"
    yield from _blind(pasts(effort, Traffic(20, 0.1)), effort)


def _blind(past: list[Past], effort: Effort) -> Iterator[str]:
    """Shown only: how many changes that the reference failed until the figure is sure."""
    counts = []
    for each in past:
        for days in range(5, 200, 5):
            _made, tracker = each.future(effort.seed, always(blind=True), days)
            signal = tracker.judge.refused.signal(START + (each.day + days) * DAY)
            if signal.n >= 20 and (signal.low or 0) > 0.5:
                counts.append(days)
                break
    said = f"{statistics.median(counts):g} days" if counts else "never"
    yield f"{'passes everything (shown)':<26}{said:>14}  until surely above half, 20 a day"


def silence(effort: Effort) -> Iterator[str]:
    """False silences, and the time to notice a true one."""
    yield "Silence and coverage: false alerts per CI-month, nights and weekends a twentieth"
    for pace, covers in ((20, 1.0), (20, 0.5), (2, 1.0), (0.3, 1.0), (0.3, 0.5)):
        traffic = Traffic(pace, 0.1, week=True)
        months = replace(effort, months={int(pace): effort.months[2] // 4, 2: effort.months[2]})
        rates = alerts(months, traffic, always(passes=0.9, covers=covers))
        said = f"{rates.get('silent', 0.0):.3f} / {rates.get('coverage', 0.0):.3f}"
        yield f"{f'{pace:g} a day, reports on {covers:.0%}':<40}{said:>16}"
    for week in (False, True):
        hours = []
        for each in pasts(effort, Traffic(20, 0.1, week=week)):
            for seed in range(effort.futures):
                made, tracker = each.future(
                    seed, always(covers=0.0), 9, lambda tracker: first_alert(tracker, _SILENT)
                )
                at = first_alert(tracker, _SILENT)
                begun = max(
                    each.day * DAY + START, max(_heard(each.made), default=0.0), made[0].uploads[0]
                )
                hours.append((at - begun) / HOUR if at else 9 * 24.0)
        hours.sort()
        name = "hours to notice, 20 a day" + (", nights and weekends" if week else "")
        said = f"{statistics.median(hours):.1f} (p95 {hours[int(0.95 * len(hours))]:.1f})"
        yield f"{name:<46}{said:>16}" + ("" if week else "   target 13")


def _heard(made: list[Made]) -> Iterator[float]:
    return (said.at for change in made for said in change.said.get(CI, ()))


def replayed(trackers: dict[int, Tracker]) -> Replayed:
    """The trackers in the form of a replay."""
    replay = Replayed()
    replay.cis = {ci: KnownCi(ci, f"ci-{ci}", "configured", moment(START)) for ci in trackers}
    replay.home_projects = {ci: frozenset({PROJECT}) for ci in trackers}
    replay.references.periods[PROJECT, ANY_BRANCH] = ReferencePeriods((0.0,), (REFERENCE,))
    steps = [(replay.cis[ci], step) for ci, tracker in trackers.items() for step in tracker.steps]
    replay.steps = sorted(steps, key=lambda ci_step: (ci_step[1].transition.at, ci_step[0].id))
    return replay


def messages(trackers: dict[int, Tracker]) -> int:
    """How many messages would have been sent of these CIs."""
    return sum(1 for _ in Timeline(replayed(trackers)).said())
