"""Success: whether a CI passes less of what it should pass than it used to.

Only patch sets that the reference passed count where there is a reference: a
failure on a broken change is the change's. The chart knows the CI's own past;
what the rate means by itself is the level's (level.py).
"""

from __future__ import annotations

from dataclasses import replace

from cibot.config.policy import ChartPolicy, SuccessPolicy
from cibot.health.at_fault import AtFault
from cibot.health.chart import Chart, Drop, Run
from cibot.health.facts import known_moment, moment
from cibot.health.inputs import FirstVerdict, VerdictKind
from cibot.health.intervals import wilson
from cibot.health.kind import CLEAR, Gauge, Reading
from cibot.health.level import Level, by_bound
from cibot.health.seen import OwnPast, Recovery
from cibot.health.series import Series, Stacks
from cibot.health.share import SURE
from cibot.health.signal import Evidence, SignalFigures, evidence, share_of
from cibot.health.state import part, state
from cibot.model import State

NAME = "success"
_LIKELY = 0.6  # confidence, two-sided: four to one that it is below


class Success(Gauge):
    """Feeds the chart; shares the window of results with the level."""

    name = NAME
    about = (
        "A change chart compares each result with what the CI’s own past led to expect. It"
        " knows a real drop within a dozen results, dates its beginning, and is not moved by bad"
        " luck."
    )
    section = "chart"
    compares = True

    STATE = state(chart=part, _stacks=part, _series=part, _outage=bool, at_fault=part)

    def __init__(self, policy: SuccessPolicy, chart: ChartPolicy, level: Level) -> None:
        self._policy = policy
        self.chart = Chart(chart)
        self._level = level
        self._stacks = Stacks()  # of what failed
        self._series = Series()
        self._outage = False  # the drop that fires is a failing one
        self.at_fault = AtFault()  # of the whole CI's failures

    def take(self, verdict: FirstVerdict) -> None:
        """Takes in the next result."""
        failures = verdict.failures
        if verdict.upload is not None:
            failures += self._stacks.count(verdict.upload, verdict.proof.change_id)
            if not verdict.passed:
                self._stacks.add(verdict.upload, verdict.proof.change_id)
        standing = VerdictKind.FAIR if verdict.paired else VerdictKind.UNPAIRED
        per_day = self.chart.baseline.per_day
        if failures:
            standing = VerdictKind.AGAIN
        elif verdict.paired:
            standing = self._series.standing(verdict, per_day)
        if verdict.passed or not failures:
            self._series.add(verdict, per_day)
        if failures + (not verdict.paired) > 1 and not self._mends(verdict):
            return
        fired, proof = self.chart.dropped is not None, verdict.proof
        self.chart.add(verdict.passed, proof.at, standing, proof.change_id)
        drop = self.chart.dropped
        if drop is not None and not fired:
            likely = wilson(drop.passes, drop.n, _LIKELY).high
            self._outage = self.chart.floor or likely < self._policy.failing

    def _mends(self, verdict: FirstVerdict) -> bool:
        """Whether the pass of a change that failed twice counts, as no further failure of it does.

        Where there is a reference that would hide small drops: only what it passed counts, so
        that no bad changes need to be made up for. During a drop it counts as recovery.
        """
        return verdict.passed and (not verdict.referenced or self.chart.dropped is not None)

    def standing(self, _now: float, _ending: bool) -> Reading:
        """Bad while the chart fires."""
        chart = self.chart
        if chart.dropped is not None:
            return Reading(self._severity(chart.dropped), False)
        if not chart.baseline.ready:
            return Reading(State.UNKNOWN, False)
        return Reading(State.HEALTHY, False, True) if chart.rising else CLEAR

    def _severity(self, drop: Run) -> State:
        """How bad a drop is: as the chart that fired has it, until it is surely worse.

        When it fires little is known: what is likely is said then, so that an outage is
        not called degraded first and failing an hour later. An outage is none any more where
        surely more passes since.
        """
        if self._outage and wilson(drop.passes, drop.n, SURE).low <= self._policy.failing:
            return State.FAILING
        state = by_bound(self._policy, drop.passes, drop.n)
        return State.DEGRADED if state is State.HEALTHY else state

    def figures(self, now: float, _reading: Reading) -> SignalFigures:
        """The share of PASS in PASS and FAIL over the window, compared with the CI's own past."""
        counted, drop = self._level.counted(now), self.chart.drop
        return SignalFigures(
            **share_of(counted.good, counted.n),
            seen=self._seen(now),
            evidence=tuple(self._evidence(now)),
            since=drop.since if drop else None,
            adopted=known_moment(self._adopted_at(now)),
        )

    def _adopted_at(self, now: float) -> float | None:
        """When a drop last became how the CI is, where its newest results are no better."""
        counted = self._level.counted(now)
        is_less = counted.good < self.chart.usual * counted.n
        return self.chart.adopted_at if is_less else None

    def _seen(self, now: float) -> OwnPast:
        chart, baseline = self.chart, self.chart.baseline
        usual = baseline.mean if baseline.ready else None
        adopted = self._adopted_at(now)
        lately = adopted is not None and now - adopted < self._policy.window.total_seconds()
        return OwnPast(
            self._level.rate(now),
            usual if chart.dropped is None else chart.usual,
            baseline.learnt,
            chart.policy.minimum,
            self._drop(),
            chart.policy.adopt if lately and chart.dropped is None else None,
            self._back(now),
            chart.usual if lately else None,
        )

    def _drop(self) -> Drop | None:
        """The drop, with what the level counts since then, so that both figures are of the same
        results; where the reference was cancelled on most, with what the chart counts.
        """
        drop = self.chart.drop
        if drop is None:
            return None
        began = drop.since.timestamp()
        drop = replace(drop, **self.at_fault.of(began)._asdict())
        counted = self._level.reached(began)
        return replace(drop, n=counted.n, passes=counted.good) if counted.n > drop.n else drop

    def _back(self, now: float) -> Recovery | None:
        """What passed since a drop that is over, where the window holds some of it still."""
        settled = self.chart.settled_at
        if settled is None or self.chart.dropped is not None:
            return None
        if self.chart.adopted > settled:
            return None
        after = self._level.reached(settled)
        if not after.n or after.n >= self._level.counted(now).n:
            return None
        return Recovery(moment(settled), after.good, after.n)

    def _evidence(self, now: float) -> list[Evidence]:
        """The newest failures, newest first; after a drop, those since, with the first of them."""
        drop = self.chart.dropped
        proofs = self._level.proofs
        if drop is None:
            return self._level.evidence(now)
        shown = proofs.newest(drop.start)
        first = proofs.oldest(drop.start)
        if first is not None and first not in shown:
            shown = [*shown[:-1], first]
        return [evidence(proof, self._level.fault(proof)) for proof in shown]
