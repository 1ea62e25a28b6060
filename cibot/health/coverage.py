"""Coverage: the share of its chances to report that a CI takes, compared with its usual share.

What a CI means to report on is not known outside: many run only where their own
driver is touched. So a CI is measured against its own weeks before, not against
all patch sets. What it missed while it was silent is the silence's.
"""

from __future__ import annotations

from datetime import timedelta

from cibot.config.policy import CoveragePolicy
from cibot.health.baseline import HeldUsual
from cibot.health.chances import Chances
from cibot.health.facts import DAY, known_moment, moment
from cibot.health.intervals import wilson
from cibot.health.kind import WELL, Gauge, Reading
from cibot.health.seen import Fault, Period, Reported
from cibot.health.share import SURE, back_since, bad_since
from cibot.health.signal import Family, SignalFigures, share_of
from cibot.health.state import part, state
from cibot.health.tally import Count
from cibot.model import State

NAME = "coverage"
_CHANGES = 3  # that it missed at least: one with many patch sets may be one that it does not test


class Coverage(Gauge):
    """Reads the chances of the window; the weeks before say what is usual."""

    name = NAME
    about = (
        "The share of its chances on which the CI reported in time, compared with its own share"
        " of the weeks before: many CIs look only at a part of a project. Chances that it missed"
        " while it was silent are not counted again."
    )
    family = Family.PRESENCE
    listens = True

    STATE = state(_held=part, _again=float)

    def __init__(self, policy: CoveragePolicy, chances: Chances, adopt: timedelta) -> None:
        """``adopt`` is after how long reporting on less is what is usual for the CI."""
        self._policy = policy
        self._chances = chances
        weeks = chances.weeks - policy.window.total_seconds()
        self._held = HeldUsual(weeks, adopt.total_seconds())
        self._again = 0.0  # since when it is well again after a bad time; 0: there was none

    def follow(self, now: float) -> None:
        """Takes in that the chances changed: what is usual is held while they are bad."""
        comeback = self._chances.comeback
        if comeback.since is not None:
            comeback.weigh(self._usual() or self._chances.share)
        elif not (self._held.holds or self._chances.recent.bad):
            return
        adopted = self._held.adopted
        state = self.standing(now, True)
        self._again = max(self._again, state.back or 0.0)
        self._chances.dwindled = state.bad
        self._held.follow(now, self._learnt(), bad=state.bad, well=state.clears)
        if self._held.adopted != adopted:
            comeback.adopt(now)

    def _learnt(self) -> float:
        before = self._counts()[1]
        return wilson(before.good, before.n).low if before.n else 0.0

    def _usual(self) -> float:
        """The share of its chances that it usually takes, by its lower bound."""
        return self._held.of(self._learnt())

    def _counts(self) -> tuple[Count, Count]:
        """The chances of the window, and those before it."""
        recent, long = self._chances.recent.count, self._chances.long.count
        return recent, Count(long.n - recent.n, long.bad - recent.bad)

    def _look(self, usual: float) -> tuple[State, float | None]:
        """The verdict, and since when it is well again; ``usual`` is the share's lower bound."""
        (n, missed), before = self._counts()
        if min(n, before.n) < self._policy.minimum:
            return State.UNKNOWN, None
        high = wilson(n - missed, n, SURE).high
        if high >= self._policy.degraded * usual:
            return State.HEALTHY, None
        back = self._back(usual)
        if back is not None:
            return State.HEALTHY, back
        after = self._chances.recent.since(self._again)
        if 0 < after.n < n:  # what was bad before that does not accuse again
            high = wilson(after.good, after.n, SURE).high
            if high >= self._policy.degraded * usual:
                return State.HEALTHY, self._again
        window = self._policy.window.total_seconds()
        if not self._chances.misses_changes(self._chances.last - window, _CHANGES):
            return State.HEALTHY, None
        failing = high < self._policy.failing * usual
        return State.FAILING if failing else State.DEGRADED, None

    def standing(self, _now: float, ending: bool) -> Reading:
        """Bad while the share is surely below what is usual for the CI."""
        if not (ending or self._chances.recent.bad):
            return WELL  # it missed nothing, so it is not bad
        usual = self._usual()
        verdict, back = self._look(usual)
        recent = self._chances.recent.count
        clears = (
            ending
            and verdict is State.HEALTHY
            and (
                back is not None
                or recent.good >= self._policy.clears * usual * recent.n
                or self._back(usual) is not None
            )
        )
        return Reading(verdict, clears, back=back)

    def _back(self, usual: float) -> float | None:
        recent = self._chances.recent
        return back_since(recent.count, recent.newest_outcomes(), usual)

    def figures(self, now: float, reading: Reading) -> SignalFigures:
        """Reported, of the chances in the window."""
        (recent, before), back = self._counts(), reading.back
        if back is not None:  # what came since is what the verdict rests on
            recent = self._chances.recent.since(back)
        n, missed = recent
        outcomes = list(self._chances.recent.outcomes())
        since = bad_since(outcomes, self._usual()) if reading.bad else None
        window, heard = self._policy.window, self._chances.last  # chances count as of then
        until = moment(heard) if heard and now - heard >= DAY else None
        oldest = (heard if until else now) - window.total_seconds() if back is None else back
        return SignalFigures(
            **share_of(n - missed, n),
            seen=Reported(
                recent.good,
                n,
                Period(window, known_moment(back), until),
                before.good,
                before.n,
                self._policy.minimum if back is None else 0,
                self._policy.degraded,
                self._policy.failing,
            ),
            evidence=self._chances.absent.evidence(Fault.MISSED, oldest),
            since=known_moment(since),
            adopted=known_moment(self._held.adopted),
        )
