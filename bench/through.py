"""Judging through the whole production path, and what it costs.

Generated changes in the shape of Gerrit's REST go through decode, parse, store and
judge, and the incidents are compared with those of the simulated trackers of `bench.simulated`.
"""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from bench import rough
from bench.simulated import Effort
from bench.table import Figure
from bench.world import (
    CI,
    HOUR,
    JOBS,
    PROJECT,
    REFERENCE,
    START,
    Made,
    Mood,
    Nature,
    Traffic,
    always,
    facts,
    in_order,
    rest,
    tracked,
    world,
)
from cibot.collector.decode import change_from_rest
from cibot.config.judgement import Policy
from cibot.config.models import Config
from cibot.config.policy import ChartPolicy, JobPolicy
from cibot.health.chart import Chart
from cibot.health.facts import JobRun, Proof
from cibot.health.inputs import JobResults
from cibot.health.streak import JobStreaks
from cibot.incidents.tracker import Tracker
from cibot.model import Result
from cibot.replay.reading import SERVER, Line
from cibot.replay.run import Replayed, judge, opened, take_in
from cibot.replay.written import configured
from cibot.store.engine import Store

_MOST_MICROSECONDS, _MOST_MEGABYTES = 100, 50
_ROUND = 3600.0  # a second of REST's stamps moves a step by less


def _natures() -> list[Nature]:
    """CIs that stay well, drop, break, fall silent, and come back."""

    def between(first: float, last: float, bad: Mood, good: Mood) -> Nature:
        return lambda day: bad if first <= day < last else good

    good = Mood(0.95)
    return [
        always(passes=0.9),
        always(passes=0.5),
        between(30, 36, Mood(0.0), good),
        between(30, 40, Mood(0.5), good),
        between(30, 33, Mood(0.95, infra=0.5), good),
        between(30, 34, Mood(covers=0.0), good),
        between(30, 36, Mood(0.95, broken_job=JOBS[1]), good),
        between(30, 45, Mood(0.95, covers=0.4), good),
    ]


def replayed(made: list[Made], cis: int) -> tuple[Replayed, dict[str, float]]:
    """The history through the whole path; and the seconds of CPU that its parts took."""
    names = {ci: f"ci-{ci}" for ci in range(CI, CI + cis)} | {REFERENCE: "zuul"}
    config = configured(Config(), [SERVER], names, "zuul", discover=False)
    lines = [
        Line(SERVER, change)
        for change in map(change_from_rest, (json.loads(json.dumps(raw)) for raw in rest(made)))
        if change is not None
    ]
    with opened() as store:
        began = time.process_time()
        history = take_in(store, config, lines)
        taken = time.process_time()
        driver = _driver_time(store)
        judged = judge(store, config, history)
        spent = time.process_time() - taken
    return judged, {"ingest": taken - began, "judge": spent, "driver": driver[0]}


def _driver_time(store: Store) -> list[float]:
    """Seconds of CPU in the driver's statements from now on."""
    spent, began = [0.0], [0.0]
    engine: Any = store.engine

    def before(*_: Any) -> None:
        began[0] = time.process_time()

    def after(*_: Any) -> None:
        spent[0] += time.process_time() - began[0]

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    return spent


Spans = list[tuple[str, float, float | None]]


def _spans(steps: list[tuple[str, Any]]) -> Spans:
    """(kind, opened, resolved) of every incident that opened, in order."""
    last: dict[Any, tuple[str, float, float | None]] = {}
    for _name, step in steps:
        incident = step.incident
        if incident.opened_at is not None:
            end = incident.resolved_at.timestamp() if incident.resolved_at else None
            last[incident.began_at] = (incident.cause.signal, incident.opened_at.timestamp(), end)
    return sorted(last.values(), key=lambda span: (span[1], span[0]))


def agreement(effort: Effort) -> Iterator[str]:
    """Whether the whole path says what the simulated trackers say."""
    natures, days = _natures(), 60.0
    pace = 20
    traffic = Traffic(pace, 0.1, changes=rough.changes)
    made = world(random.Random(effort.seed), traffic, natures, days)
    judged, spent = replayed(made, len(natures))
    end = max(judged.until.values()).timestamp()
    same = other = 0
    for ci in range(CI, CI + len(natures)):
        name = f"ci-{ci}"
        whole = _spans(
            [(known_ci.name, step) for known_ci, step in judged.steps if known_ci.name == name]
        )
        pure = _spans([(name, step) for step in tracked(made, ci, (end - START) / 86_400).steps])
        left = [span for span in pure if not any(_alike(span, each) for each in whole)]
        more = [span for span in whole if not any(_alike(span, each) for each in pure)]
        same += len(pure) - len(left)
        other += len(left) + len(more)
        for span in left:
            yield f"  only pure: {name} {span[0]} {(span[1] - START) / 86_400:.2f}"
        for span in more:
            yield f"  only whole: {name} {span[0]} {(span[1] - START) / 86_400:.2f}"
    months = len(natures) * days / 30
    yield (
        f"Whole path against the simulated, {months:.0f} CI-months, {judged.messages} messages:"
        f" {same} incidents the same, {other} not"
    )
    yield from _written(cost(made, len(natures), spent))


def _alike(span: tuple[str, float, float | None], other: tuple[str, float, float | None]) -> bool:
    if span[0] != other[0] or abs(span[1] - other[1]) > _ROUND:
        return False
    return (span[2] is None) == (other[2] is None) and abs(
        (span[2] or 0) - (other[2] or 0)
    ) <= _ROUND


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU per report judged, or per message taken in."""

    pure: float  # its course, its signals, its incidents
    python: float  # with reading and writing the store, without the driver's statements
    whole: float
    ingest: float


def cost(made: list[Made], cis: int, spent: dict[str, float]) -> Cost:
    """What judging a history cost; ``spent`` is `replayed`'s."""
    reports = sum(
        len(said) for change in made for ci, said in change.said.items() if ci != REFERENCE
    )
    messages = sum(len(said) for change in made for said in change.said.values())
    pure = 0.0
    for ci in range(CI, CI + cis):
        changes, tracker = list(facts(made, ci)), Tracker(Policy())
        began = time.process_time()
        tracker.advance(in_order(changes), made[-1].closed)
        pure += time.process_time() - began
    return Cost(
        pure / reports * 1e6,
        (spent["judge"] - spent["driver"]) / reports * 1e6,
        spent["judge"] / reports * 1e6,
        spent["ingest"] / messages * 1e6,
    )


def _written(cost: Cost) -> Iterator[str]:
    yield f"{'judging a report, its course and signals':<46}{cost.pure:>8.0f} µs   target 100"
    yield f"{'with reading the store, without the driver':<46}{cost.python:>8.0f} µs"
    yield f"{'with the driver':<46}{cost.whole:>8.0f} µs"
    yield f"{'decode to store of a message, for comparison':<46}{cost.ingest:>8.0f} µs"


def memory() -> Iterator[str]:
    """The same as `weigh`, in words."""
    charts, tracker = weigh()
    yield f"{'1,000 CIs, charts and 10 jobs each':<46}{charts:>8.1f} MB   target 50"
    yield f"{'a whole tracker in memory (256 are kept)':<46}{tracker:>8.0f} kB"


def figures() -> Iterator[Figure]:
    """For the table of all figures."""
    natures, days = _natures(), 60.0
    made = world(random.Random(1), Traffic(20, 0.1), natures, days)
    _judged, spent = replayed(made, len(natures))
    measured = cost(made, len(natures), spent)
    yield Figure(
        "judging a report, without SQL",
        f"{measured.pure:.0f} µs",
        f"{measured.ingest:.0f} µs from JSON to store",
        measured.pure / measured.ingest,
        "≤ 100 µs",
        measured.pure <= _MOST_MICROSECONDS,
    )
    yield Figure("judging a report, with the store", f"{measured.whole:.0f} µs")
    charts, _life = weigh()
    yield Figure(
        "1,000 CIs' charts, 10 jobs each",
        f"{charts:.1f} MB",
        target="≤ 50 MB",
        meets=charts <= _MOST_MEGABYTES,
    )


def weigh() -> tuple[float, float]:
    """MB of 1,000 CIs' charts and ten jobs each; kB of a whole tracker."""
    chart, rng = Chart(ChartPolicy()), random.Random(1)
    jobs = JobStreaks(JobPolicy(), chart.baseline)
    for i in range(3000):
        at = START + i * HOUR
        chart.add(rng.random() < 0.9, at)
        runs = tuple(
            JobRun(f"job-{n}", Result.PASS if rng.random() < 0.9 else Result.FAIL)
            for n in range(10)
        )
        jobs.take(JobResults(at, runs, Proof(at, i, i, 1, PROJECT)))
    rows = json.dumps([chart.row(), jobs.row()])
    made = world(rng, Traffic(20, 0.1), [always()], 60)
    tracker = json.dumps(tracked(made, CI, 60).row())
    held: list[object] = []
    tracemalloc.start()
    for _ in range(1000):
        chart_row, jobs_row = json.loads(rows)
        one_chart = Chart(ChartPolicy())
        streaks = JobStreaks(JobPolicy(), one_chart.baseline)
        one_chart.read(chart_row)
        streaks.read(jobs_row)
        held += [one_chart, streaks]
    charts = tracemalloc.get_traced_memory()[0] / 1e6
    held += [Tracker.of(Policy(), json.loads(tracker)) for _ in range(20)]
    one_life = (tracemalloc.get_traced_memory()[0] / 1e6 - charts) / 20
    tracemalloc.stop()
    return charts, one_life * 1000
