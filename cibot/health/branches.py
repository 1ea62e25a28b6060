"""How a CI is on each branch: its results there, judged as those of the whole CI are.

A branch that breaks while the others are well is a symptom of its own: among the results of all
branches it is diluted. Its chart says so or, where too little is known for that, a streak of
failures as of a job, or its level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter, ValidationError

from cibot.health.baseline import Baseline
from cibot.health.chart import FEWEST
from cibot.health.facts import JobRun, moment
from cibot.health.inputs import Counted, FirstVerdict, Heard, JobResults
from cibot.health.intervals import wilson
from cibot.health.kind import Gauge, Reading
from cibot.health.level import Level
from cibot.health.references import AT_HOME
from cibot.health.seen import BranchBeside, OwnPast
from cibot.health.signal import READ_AGAIN, BranchHealth, Signal, SignalFigures, share_of
from cibot.health.state import Stored, part, since, state
from cibot.health.streak import JobStreaks
from cibot.health.success import Success
from cibot.health.tally import Count
from cibot.model import Result, State

_JSON = TypeAdapter(tuple[BranchHealth, ...])
if TYPE_CHECKING:
    from cibot.config.judgement import Policy

NAME = "branch"
_MOST = 24  # branches of a CI; the one heard longest ago makes room
_RULES = 2  # charts and streaks: each may give half of the false alerts
_APART = 0.99  # confidence of the two intervals that must not meet
_CHARTED = 8  # that have results enough for a chart at one time, at most: false alerts are shared


class Branch(Stored):
    """The results of one branch, and when the CI was last heard there."""

    STATE = state(heard=float, level=part, success=part)

    def __init__(self, policy: Policy) -> None:
        share = {"false_alerts": policy.branch.false_alerts / _RULES / _CHARTED}
        self.level = Level(policy.success)
        self.success = Success(policy.success, policy.chart.model_copy(update=share), self.level)
        self.heard = 0.0

    @property
    def usual(self) -> float | None:
        """The share that usually passes, None while too little is known."""
        baseline = self.success.chart.baseline
        return baseline.mean if baseline.ready else None

    def bad(self, now: float) -> State:
        """Failing where it broke, degraded where it is not surely well, else healthy."""
        if self.success.chart.baseline.ready:
            dropped = self.success.chart.dropped is not None
            return State.FAILING if dropped else State.HEALTHY
        verdict = self.level.standing(now, False).verdict
        return verdict if verdict.bad else State.HEALTHY

    def counted(self, now: float) -> Count:
        """What came since it broke; where that is not known, what its level counts."""
        dropped = self.success.chart.dropped
        return Count(dropped.n, dropped.n - dropped.passes) if dropped else self.level.counted(now)

    def worse(self, now: float) -> Signal:
        """Its drop, or its level where that is worse."""
        level, drop = self.level.signal(now), self.success.signal(now)
        return drop if drop.verdict.bad and drop.verdict.rank <= level.verdict.rank else level

    def since(self, now: float) -> float | None:
        """When it broke, None where that is not known."""
        dropped = self.success.chart.dropped
        if dropped is not None:
            return dropped.start
        return self.level.trouble_since(now, self.level.standing(now, False))

    def health(self, name: str, now: float) -> BranchHealth:
        """How it is: the worse of its level and its drop."""
        (n, bad), worse = self.level.counted(now), self.worse(now)
        low, high = wilson(n - bad, n) if n else (None, None)
        dropped = self.success.chart.dropped is not None
        usual = self.success.chart.usual if dropped else self.usual  # as its drop says
        drop = worse.seen.drop if isinstance(worse.seen, OwnPast) else None
        heard = moment(self.heard)
        return BranchHealth(
            name, worse.verdict, n - bad, n, low, high, usual, worse.since, heard, drop
        )


class Broken(NamedTuple):
    """A branch that broke alone: what passed there since, and on the others since then.

    After a trouble of all ``since`` is no earlier than its end.
    """

    branch: str
    since: float
    there: Count
    elsewhere: Count
    usual: float | None

    def seen(self, judged: int) -> BranchBeside:
        """The same as figures; ``judged`` is how many branches have enough results."""
        there, elsewhere = self.there, self.elsewhere
        return BranchBeside(
            judged, self.branch, moment(self.since), there.good, there.n, self.usual,
            elsewhere.good, elsewhere.n,
        )  # fmt: skip


class Branches(Gauge):
    """Every branch that the CI reported on; ``baseline`` knows its results on all of them."""

    name = NAME
    about = (
        "One branch that passes less than it used to, or surely fails although it has few"
        " results, while the other branches do not: a CI may be broken on a stable branch only,"
        " where all results together show little."
    )
    compares = True
    again = "every branch passes as usual again"

    STATE = state(_branches=part, _bad=set, _streaks=part, _from=since)

    def __init__(self, policy: Policy, baseline: Baseline) -> None:
        self._policy = policy
        self._branches: dict[str, Branch] = {}
        self._bad: set[str] = set()  # that are not surely well
        self._from = -math.inf  # what came before is of a trouble of all
        share = {"false_alerts": policy.branch.false_alerts / _RULES}
        own = share | {"window": policy.success.reach}
        each = policy.job.model_copy(update=own)
        self._streaks = JobStreaks(each, baseline)  # each branch as a job

    def new_part(self) -> Branch:
        """A branch of which nothing is known."""
        return Branch(self._policy)

    def hear(self, heard: Heard) -> None:
        """The CI wrote something on a change of a branch."""
        branch = self._branches.get(heard.branch)
        if branch is None:
            branch = self._branches[heard.branch] = Branch(self._policy)
        branch.heard = max(branch.heard, heard.at)
        if len(self._branches) > _MOST:
            gone = min(self._branches, key=lambda name: self._branches[name].heard)
            del self._branches[gone]
            self._bad.discard(gone)

    def count(self, result: Counted) -> None:
        """A result that speaks of the CI, or one less."""
        branch = self._branches.get(result.proof.branch)
        if branch is not None:
            branch.level.take(result)
            self._weigh(result.proof.branch, branch, result.at)

    def take(self, verdict: FirstVerdict) -> None:
        """The first verdict on a patch set."""
        branch = self._branches.get(verdict.proof.branch)
        if branch is not None:
            branch.success.take(verdict)
            if verdict.paired:
                run = JobRun(verdict.proof.branch, Result.PASS if verdict.passed else Result.FAIL)
                self._streaks.take(JobResults(verdict.at, (run,), verdict.proof, verdict.upload))
            self._weigh(verdict.proof.branch, branch, verdict.at)

    def begin(self, at: float) -> None:
        """A drop of the whole CI is over since then."""
        self._from = at

    def adopt(self, at: float, since: float) -> None:
        """A drop of the whole CI ``since`` then is how it is now: on every branch, but for those
        that broke alone.
        """
        alone = {broken.branch for broken in self._alone(at)}
        for name, branch in self._branches.items():
            seen = branch.level.reached(since)
            if name not in alone and branch.success.chart.baseline.ready and seen.n:
                branch.success.chart.adopt(at, seen.n, seen.good)
                self._weigh(name, branch, at)

    def _weigh(self, name: str, branch: Branch, at: float) -> None:
        bad = branch.bad(at).bad or self._streaks.settles(name)
        (self._bad.add if bad else self._bad.discard)(name)

    def _alone(self, now: float) -> list[Broken]:
        """The branches that broke alone, the longest ago first."""
        alone = filter(self._is_alone, self._all_broken(self._bad & self._at_home(), now))
        return sorted(alone, key=lambda branch: (branch.since, branch.branch))

    def _all_broken(self, names: Iterable[str], now: float) -> list[Broken]:
        return [broken for name in names if (broken := self._broken(name, now)) is not None]

    def _broken(self, name: str, now: float) -> Broken | None:
        branch, streak = self._branches[name], dict(self._streaks.long(now)).get(name)
        since = branch.since(now) if branch.bad(now) is State.FAILING else None
        there, usual = branch.counted(now), branch.usual
        if since is None and streak is not None:
            since, there = streak.start, Count(streak.failures, streak.failures)
            n, failed = streak.past.count(now)
            usual = 1 - failed / n if n else usual
        if since is None:
            return None
        began = max(since, self._from)
        if began > since:
            there = branch.level.reached(began)
            if there.bad < FEWEST:
                return None
        others = (other for each, other in self._branches.items() if each != name)
        counts = [other.level.reached(began) for other in others]
        elsewhere = Count(sum(count.n for count in counts), sum(count.bad for count in counts))
        return Broken(name, began, there, elsewhere, usual)

    def _is_alone(self, broken: Broken) -> bool:
        """Whether surely more passes on the others than there, and more than the middle of what
        passes there now and before; where that is not known, more surely yet.

        A small drop of the whole CI is never the same on all branches.
        """
        there, elsewhere = broken.there, broken.elsewhere
        if elsewhere.n < self._policy.branch.others:
            return False
        sure = _APART
        if broken.usual is None:
            sure = 1 - self._policy.branch.false_alerts / _RULES / _CHARTED
        elif elsewhere.good / elsewhere.n <= (broken.usual + there.good / there.n) / 2:
            return False
        high = wilson(there.good, there.n, sure).high
        return wilson(elsewhere.good, elsewhere.n, sure).low > high

    def _at_home(self) -> set[str]:
        oldest = max((branch.heard for branch in self._branches.values()), default=0.0) - AT_HOME
        return {name for name, branch in self._branches.items() if branch.heard >= oldest}

    def standing(self, now: float, _ending: bool) -> Reading:
        """Bad while a branch is broken and the others are well.

        Where all are broken, the whole CI is: then nothing is said of any.
        """
        bad = self._bad and self._bad & self._at_home()
        broken = self._all_broken(bad, now)
        if not broken:
            return Reading(State.HEALTHY, not bad)
        alone = any(map(self._is_alone, broken))
        return Reading(State.DEGRADED if alone else State.UNKNOWN, False)

    def figures(self, now: float, _reading: Reading) -> SignalFigures:
        """The branch that broke alone the longest ago."""
        alone = self._alone(now)
        judged = sum(self._branches[name].usual is not None for name in self._at_home())
        if not alone:
            charts = (self._branches[name].success.chart for name in self._at_home())
            adopted = max((chart.adopted_at or 0.0 for chart in charts), default=0.0)
            return SignalFigures(
                n=judged,
                seen=BranchBeside(judged),
                adopted=moment(adopted) if adopted else None,
            )
        first = alone[0]
        return SignalFigures(
            **share_of(first.there.good, first.there.n),
            seen=first.seen(judged),
            evidence=self._branches[first.branch].worse(now).evidence,
            since=moment(first.since),
        )

    def health(self, now: float) -> tuple[BranchHealth, ...]:
        """The branches where the CI is at home, those with most results first."""
        branches = (self._health(name, now) for name in self._at_home())
        return tuple(sorted(branches, key=lambda health: (-health.n, health.branch)))

    def _health(self, name: str, now: float) -> BranchHealth:
        health, broken = self._branches[name].health(name, now), None
        if name in self._bad and not health.state.bad:
            broken = self._broken(name, now)
        if broken is None:
            return health
        return replace(health, state=State.FAILING, usual=broken.usual, since=moment(broken.since))


def branches_json(branches: tuple[BranchHealth, ...]) -> str:
    """Branches as JSON text, for the store."""
    return _JSON.dump_json(branches).decode()


@lru_cache(READ_AGAIN)
def read_branches(text: str | None) -> tuple[BranchHealth, ...]:
    """Reads what `branches_json` wrote; nothing of what another version wrote otherwise."""
    try:
        return _JSON.validate_json(text or "[]")
    except ValidationError:
        return ()
