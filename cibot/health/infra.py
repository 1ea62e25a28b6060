"""Infrastructure failures: how much of what a CI runs breaks by itself.

CUSUM charts weigh the share that is still well against three that are not, run by run, so
that a breakage is seen within a few results and is over when the runs after it say so: a
window would hold it for days. What breaks on a change again and again is one breakage: some
changes break the runs. So are runs that are stopped together: whatever did it is over. That
a change did not merge is the CI's trouble only where the reference could judge the patch set.
"""

from __future__ import annotations

import math

from cibot.config.policy import SharePolicy
from cibot.health.chart import FEWEST, RECOVERED, Run
from cibot.health.facts import moment
from cibot.health.inputs import Attempted
from cibot.health.intervals import wilson
from cibot.health.kind import Reading
from cibot.health.seen import Fault, FaultRun
from cibot.health.share import SURE, Share
from cibot.health.state import maybe, part, since, state
from cibot.model import State

NAME = "infra"
_HALF, _NEARLY_ALL = (
    0.5,
    0.95,
)  # shares that are looked for in addition to one a little above the level
# At 100 runs a day of which as many break as is still well, 0.045 false alerts a month.
_HEIGHT = 9.7
_AT_ONCE = 60.0  # seconds within which runs are stopped by one hand, or by one restart
_LEAST, _MOST = 0.05, 0.85  # shares of well runs that the way back is weighed from


class Infra(Share):
    """The share of INFRA in everything that was not skipped.

    The figure is of the window ``ran``; what it means follows from the charts.
    """

    name = NAME
    about = (
        "Runs that broke by themselves (a node was lost, a merge or the log upload failed), of"
        " all runs that were not skipped. They count neither for nor against the change."
    )

    STATE = state(
        **Share.STATE,
        _runs=part,
        _bad=maybe(Run.from_row),
        _seen=int,
        _mostly=bool,
        _way_back=part,
        _settled=since,
        _stopped=since,
    )

    def __init__(self, policy: SharePolicy) -> None:
        super().__init__(policy, Fault.BROKE)
        usual = policy.clears
        near = min(_HALF, policy.degraded**2 / usual)  # as far above the level as well is below
        self._gains = [
            (math.log((1 - share) / (1 - usual)), math.log(share / usual))
            for share in (near, _HALF, _NEARLY_ALL)
            if share > usual
        ]
        self._runs = [Run() for _ in self._gains]
        self._bad: Run | None = None  # since it fires; passes are the runs that were well
        self._seen = 0  # attempts, up to as many as are needed to judge
        self._mostly = False  # whether a chart for the half or more fired
        self._way_back = Run()
        self._settled = -math.inf
        self._stopped = -math.inf  # when a run was stopped last

    def attempt(self, attempted: Attempted) -> None:
        """A run ended, or broke."""
        if attempted.stopped:
            together = attempted.at - self._stopped < _AT_ONCE
            self._stopped = attempted.at
            if together:
                return
        if self._bad is not None:
            self._watch_way_back(self._bad, attempted)
            return
        worst = None
        for run, (well, broke) in zip(self._runs, self._gains, strict=True):
            run.add(broke if attempted.broke else well, not attempted.broke, attempted.at)
            high = worst.score if worst else _HEIGHT
            if run.score >= high and run.n - run.passes >= FEWEST:
                worst = run
        self._seen += self._seen < self._policy.minimum
        if worst is not None and self._seen >= self._policy.minimum:
            self._mostly = worst is not self._runs[0]
            self._bad, self._way_back = worst, Run()
            self._runs = [Run() for _ in self._gains]

    def _watch_way_back(self, bad: Run, attempted: Attempted) -> None:
        # All since it began: the runs by which it was noticed are worse than what goes on.
        low = min(_MOST, max(_LEAST, (bad.passes + 0.5) / (bad.n + 1)))
        bad.n += 1
        bad.passes += not attempted.broke
        high = max(1 - self._policy.clears, low + _LEAST)
        gain = math.log((1 - high) / (1 - low)) if attempted.broke else math.log(high / low)
        self._way_back.add(gain, not attempted.broke, attempted.at)
        if self._way_back.score >= RECOVERED:
            self._settled = self._way_back.start
            self.begin(self._settled)
            self._bad = None

    def standing(self, now: float, _ending: bool) -> Reading:
        """Bad while a chart fires; how bad follows from what came since it began."""
        self._tally.slide(now)
        counted = self._tally.newest(self._policy.minimum, now)
        if self._bad is not None and counted.n:
            n, broken = self._bad.n, self._bad.n - self._bad.passes
            failing = self._mostly or wilson(broken, n, SURE).low > self._policy.failing
            return Reading(State.FAILING if failing else State.DEGRADED, False, counted=counted)
        if self._tally.bad and self._settled > now - self._policy.window.total_seconds():
            after = self._tally.since(self._settled)
            return Reading(State.HEALTHY, True, counted=after, back=self._settled)
        enough = self._bad is None and counted.n >= self._policy.minimum
        rising = enough and any(2 * run.score >= _HEIGHT for run in self._runs)
        verdict = State.HEALTHY if enough else State.UNKNOWN
        return Reading(verdict, enough and not rising, rising, counted)

    def _trouble_since(self) -> float | None:
        return None if self._bad is None else self._bad.start

    def _run(self) -> FaultRun | None:
        bad = self._bad
        return None if bad is None else FaultRun(moment(bad.start), bad.n - bad.passes, bad.n)
