"""Judges one CI: takes what happens to it, one thing at a time, and knows how it is.

A pure state machine in O(1) memory: the same inputs give the same state, and the
state goes to plain values and back without loss. Time comes with the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from cibot.config.judgement import Policy
from cibot.config.signals import signals
from cibot.health.branches import Branches
from cibot.health.chances import Chances
from cibot.health.chart import Chart
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
        self.level.settled = partial(_settled, self.success.chart)
        self.infra = Infra(policy.infra)
        self.disagreement = FalseFailures(policy.disagreement)
        self.refused = FalsePasses(policy.disagreement, self.level)
        self.jobs = JobStreaks(policy.job)
        self.kinds = [kind(getattr(policy, kind.name)) for kind in signals()]
        self.latency = LatencySignal(policy.latency, policy.chart.adopt)
        self.flips = Flips(policy.flips)
        self.rollup = RollUp()
        self.chances = Chances(policy.silence, policy.coverage, self.rollup)
        self.silence = PresenceSignal(policy.silence, self.chances)
        self.coverage = Coverage(policy.coverage, self.chances, policy.chart.adopt)
        self.branches = Branches(policy)
        self.accusing: tuple[Gauge, ...] = (
            self.success, self.level, self.silence, self.infra, self.disagreement, self.jobs,
            self.coverage, self.latency, self.branches, self.refused,
            *(kind for kind in self.kinds if kind.counts),
        )  # fmt: skip
        self.shown: tuple[Gauge, ...] = (
            self.flips, *(kind for kind in self.kinds if not kind.counts),
        )  # fmt: skip
        self._ways: dict[Any, _Way] = {}
        for key, take, gauges in _ways(self):
            takers, own, before = self._ways.get(key, ((), _TAKERS.get(key), ()))
            self._ways[key] = ((*takers, take) if take else takers, own, (*before, *gauges))

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
        takers, own, gauges = self._ways[event.window if type(event) is Counted else type(event)]
        self.rollup.noted_at = event.at
        for take in takers:
            take(event)
        if own is not None:
            own(self, event)
        return gauges

    def _hear(self, heard: Heard) -> None:
        self.chances.hear(heard)
        self.branches.hear(heard)
        self.coverage.follow(heard.at)

    def _due(self, due: Due) -> None:
        self.chances.due(due, self.latency.allowed(due.at))

    def _verdict(self, verdict: FirstVerdict) -> None:
        chart = self.success.chart
        before, adopted, dropped = chart.settled, chart.adopted, chart.dropped
        self.success.take(verdict)
        self.branches.take(verdict)
        if dropped is not None and chart.adopted != adopted:
            self.branches.adopt(verdict.at, dropped.start)
        settled = chart.settled
        if settled != before:
            fails = 1 - chart.baseline.mean
            self.disagreement.begin(settled, well=fails < self.policy.disagreement.degraded)
            self.branches.begin(settled)

    def health(self, now: float, feed_fresh: bool) -> Health:
        """How the CI is at ``now``; with ``feed_fresh`` False it is we who do not hear."""
        signals = [gauge.signal(now) for gauge in (*self.accusing, *self.shown)]
        if not feed_fresh:
            signals = [_unheard(signal) for signal in signals]
        branches = self.branches.health(now)
        return Health(overall(signals), tuple(signals), _since(signals), branches)


_Own = Callable[[Judge, Any], None]
_Way = tuple[tuple[Callable[[Any], None], ...], _Own | None, tuple[Gauge, ...]]
"""What takes an input in, in this order, and the signals that it may change."""


def _ways(judge: Judge) -> list[tuple[Any, Callable[[Any], None] | None, tuple[Gauge, ...]]]:
    """Ways by an input's type, of what is counted by its window; None: by `_TAKERS` only."""
    return [
        (Heard, None, (judge.silence, judge.coverage)),
        (FirstVerdict, None, (judge.success, judge.branches)),
        (Due, None, ()),
        (Took, judge.rollup.took, ()),
        (RunEnded, judge.rollup.ran, ()),
        *(
            (each, kind.take, (kind,) if kind.counts else ())
            for kind in judge.kinds
            for each in kind.takes
        ),
        (JobResults, judge.jobs.take, (judge.jobs,)),
        (Attempted, judge.infra.attempt, (judge.infra,)),
        (Took, judge.latency.take, (judge.latency,)),
        (Tried, judge.success.at_fault.tried, ()),
        (FirstVerdict, judge.success.at_fault.take, ()),
        (Tried, judge.flips.take, ()),
        (Ended, judge.chances.end, ()),
        (FAIR, judge.level.take, (judge.level,)),
        (FAIR, judge.branches.count, (judge.branches,)),
        (RAN, judge.infra.take, (judge.infra,)),
        (PAIRED, judge.rollup.pair, ()),
        (PAIRED, judge.level.pair, ()),
        (PAIRED, judge.disagreement.take, (judge.disagreement,)),
        (REFUSED, judge.rollup.pair, ()),
        (REFUSED, judge.refused.take, (judge.refused,)),
    ]


_TAKERS: Mapping[Any, _Own] = {
    Heard: Judge._hear,
    FirstVerdict: Judge._verdict,
    Due: Judge._due,
}
"""Last of all. No bound methods in the judge itself: it would be a cycle, which only a search of
all memory frees, and going back to an earlier state makes a new judge each time."""


def _settled(chart: Chart) -> tuple[bool, float | None, float]:
    charted = chart.baseline.ready and chart.adopted <= chart.settled
    return charted, chart.settled_at, chart.baseline.mean


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
    if signal.name not in (SILENT, "coverage", "silent_branch", "branch_coverage"):
        return signal
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
