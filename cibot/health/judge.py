"""Judges one CI: takes what happens to it, one thing at a time, and knows how it is.

A pure state machine in O(1) memory: the same inputs give the same state, and the
state goes to plain values and back without loss. Time comes with the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from cibot.config.judgement import Policy
from cibot.config.signals import kinds
from cibot.health.branches import Branches
from cibot.health.chances import Chances
from cibot.health.coverage import Coverage
from cibot.health.disagreement import FalseFailures, FalsePasses, Flips
from cibot.health.infra import Infra
from cibot.health.inputs import (
    FAIR,
    PAIRED,
    RAN,
    REFUSED,
    Attempted,
    Counted,
    Due,
    Ended,
    FirstVerdict,
    Heard,
    Input,
    JobResults,
    RunEnded,
    Took,
    Tried,
)
from cibot.health.kind import Gauge
from cibot.health.latency import LatencySignal
from cibot.health.level import Level
from cibot.health.presence import NAME as SILENT
from cibot.health.presence import PresenceSignal
from cibot.health.rollup import RollUp
from cibot.health.seen import LastHeard, Reported
from cibot.health.signal import Health, Signal
from cibot.health.state import Stored, part, state
from cibot.health.streak import JobStreaks
from cibot.health.success import NAME as SUCCESS
from cibot.health.success import Success
from cibot.model import State

_NEEDED = frozenset({SUCCESS, SILENT})


class Judge(Stored):
    """Every signal of one CI. `take` feeds it in order of time."""

    STATE = state(
        level=part,
        success=part,
        infra=part,
        disagreement=part,
        refused=part,
        jobs=part,
        latency=part,
        flips=part,
        chances=part,
        coverage=part,
        branches=part,
        rollup=part,
        kinds=part,
    )

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.level = Level(policy.success)
        self.success = Success(policy.success, policy.chart, self.level)
        self.level.chart = self.success.chart
        self.infra = Infra(policy.infra)
        self.disagreement = FalseFailures(policy.disagreement)
        self.refused = FalsePasses(policy.disagreement, self.level)
        self.jobs = JobStreaks(policy.job, self.success.chart.baseline)
        self.kinds = [kind(getattr(policy, name)) for name, kind in kinds().items()]
        self.latency = LatencySignal(policy.latency, policy.chart.adopt)
        self.flips = Flips(policy.flips)
        self.rollup = RollUp()
        self.chances = Chances(policy.silence, policy.coverage, self.rollup)
        self.silence = PresenceSignal(policy.silence, self.chances)
        self.coverage = Coverage(policy.coverage, self.chances, policy.chart.adopt)
        self.branches = Branches(policy, self.success.chart.baseline)
        self.accusing: tuple[Gauge, ...] = (
            self.success, self.level, self.silence, self.infra, self.disagreement, self.jobs,
            self.coverage, self.latency, self.branches, self.refused,
            *(kind for kind in self.kinds if kind.counts),
        )  # fmt: skip
        self.shown: tuple[Gauge, ...] = (
            self.flips, *(kind for kind in self.kinds if not kind.counts),
        )  # fmt: skip
        self._routes: dict[Any, tuple[tuple[_Take, ...], tuple[Gauge, ...]]] = {}
        for key, take, changed in _routes(self):
            takers, gauges = self._routes.get(key, ((), ()))
            self._routes[key] = ((*takers, take), (*gauges, *changed))

    @property
    def next_alarm(self) -> float | None:
        """When something happens by time alone: a deadline passes, a quiet gets too long."""
        deadline, alarm = self.chances.next_deadline, self.silence.alarm
        return alarm if deadline is None or (alarm is not None and alarm < deadline) else deadline

    def ring(self, at: float) -> tuple[Gauge, ...]:
        """Lets what happens at that time happen; the signals that it may change."""
        self.rollup.noted_at = at
        chance = None
        if self.chances.next_deadline is not None and self.chances.next_deadline <= at:
            chance = self.chances.pass_deadline()
        else:
            self.chances.rhythm.rung = True
        self.coverage.follow(at)
        return (self.silence, self.coverage, *(self.take(chance) if chance else ()))

    def take(self, event: Input) -> tuple[Gauge, ...]:
        """Takes in what happened; the signals that it may have changed."""
        takers, gauges = self._routes[event.window if type(event) is Counted else type(event)]
        self.rollup.noted_at = event.at
        for take in takers:
            take(event)
        return gauges

    def health(self, now: float, feed_fresh: bool) -> Health:
        """How the CI is at ``now``; with ``feed_fresh`` False it is we who do not hear."""
        gauges = (*self.accusing, *self.shown)
        signals = [
            gauge.signal(now) if feed_fresh or not gauge.listens else _unheard(gauge.signal(now))
            for gauge in gauges
        ]
        branches = self.branches.health(now)
        return Health(overall(signals), tuple(signals), _since(signals), branches)


_Take = Callable[[Any], None]


def _routes(judge: Judge) -> Iterator[tuple[Any, _Take, tuple[Gauge, ...]]]:
    """What takes each type of input in, in this order, and the signals that it may change.

    What is counted goes by its window. Nothing here holds the judge: that would be a cycle, which
    only a search of all memory frees, and going back to an earlier state makes a new judge.
    """
    chances, latency, coverage = judge.chances, judge.latency, judge.coverage
    rollup, success, branches = judge.rollup, judge.success, judge.branches
    yield Heard, chances.hear, (judge.silence,)
    yield Heard, branches.hear, ()
    yield Heard, lambda heard: coverage.follow(heard.at), (coverage,)
    yield Due, lambda due: chances.due(due, latency.allowed(due.at)), ()
    yield Ended, chances.end, ()
    yield Took, partial(_take_time, chances, latency, rollup), (latency,)
    yield RunEnded, rollup.ran, ()
    yield JobResults, judge.jobs.take, (judge.jobs,)
    yield Attempted, judge.infra.attempt, (judge.infra,)
    yield Tried, success.at_fault.tried, ()
    yield Tried, judge.flips.take, ()
    yield FirstVerdict, success.at_fault.take, ()
    yield (
        FirstVerdict,
        partial(_take_verdict, success, branches, judge.disagreement),
        (success, branches),
    )
    yield FAIR, judge.level.take, (judge.level,)
    yield FAIR, branches.count, (branches,)
    yield RAN, judge.infra.take, (judge.infra,)
    yield PAIRED, rollup.pair, ()
    yield PAIRED, judge.level.pair, ()
    yield PAIRED, judge.disagreement.take, (judge.disagreement,)
    yield REFUSED, rollup.pair, ()
    yield REFUSED, judge.refused.take, (judge.refused,)
    for kind in judge.kinds:
        for each in kind.takes:
            yield each, kind.take, (kind,) if kind.counts else ()


def _take_time(chances: Chances, latency: LatencySignal, rollup: RollUp, took: Took) -> None:
    """Takes in how long a verdict took; what waited for a silence to end is the silence's."""
    if took.at - 3600 * took.hours >= chances.silent_until:
        latency.take(took)
        rollup.took(took)


def _take_verdict(
    success: Success, branches: Branches, disagreement: FalseFailures, verdict: FirstVerdict
) -> None:
    """Takes in a first verdict; what ends or adopts a drop by it is told to the other signals."""
    chart = success.chart
    before, adopted, dropped = chart.settled, chart.adopted, chart.dropped
    success.take(verdict)
    branches.take(verdict)
    if dropped is not None and chart.adopted != adopted:
        branches.adopt(verdict.at, dropped.start)
    if chart.settled != before:
        disagreement.begin(chart.settled, fails=1 - chart.baseline.mean)
        branches.begin(chart.settled)


def overall(signals: Iterable[Signal]) -> State:
    """The worst that is known to be wrong; silent outranks failing.

    With nothing known to be wrong a CI is healthy only when both its success
    and its presence were judged: otherwise its state is not known, and unknown
    is the answer.
    """
    counted = [signal for signal in signals if signal.counts]
    bad = [signal.verdict for signal in counted if signal.verdict.bad]
    if bad:
        return min(bad, key=lambda state: state.rank)
    well = {signal.name for signal in counted if signal.verdict is State.HEALTHY}
    if "level" in well:
        well.add(SUCCESS)  # the rate is known, and it is good
    return State.HEALTHY if well >= _NEEDED else State.UNKNOWN


def _unheard(signal: Signal) -> Signal:
    """What a stale feed of our own makes of a signal that rests on what was not heard."""
    seen = signal.seen
    if isinstance(seen, LastHeard | Reported):
        seen = replace(seen, stale=True)
    name, figure, low, high, n = signal.name, signal.figure, signal.low, signal.high, signal.n
    return Signal(name, State.UNKNOWN, figure, low, high, n, seen)


def _since(signals: Sequence[Signal]) -> datetime | None:
    """As the first signal has it that is so bad: success knows best, its chart saw it begin."""
    state = overall(signals)
    return next(
        (
            signal.since
            for signal in signals
            if signal.counts and signal.verdict is state and signal.since
        ),
        None,
    )
