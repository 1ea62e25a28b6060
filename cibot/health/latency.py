"""Latency: a CI's time from upload to its first verdict, compared with its own weeks before.

Times are kept as counts by day on a scale of 5 % steps, so that a year of
results costs no more than a week of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cibot.config.policy import LatencyPolicy
from cibot.health.chart import Run
from cibot.health.days import DAY
from cibot.health.facts import known_moment
from cibot.health.inputs import Took
from cibot.health.intervals import wilson
from cibot.health.seen import Fault, Period, Times
from cibot.health.share import SURE, back_since, bad_since
from cibot.health.signal import WELL, Reading, Signal
from cibot.health.state import Stored, each, part, same, state, table
from cibot.health.tally import Count, Proofs
from cibot.health.usual import HeldUsual
from cibot.model import State

NAME = "latency"
_HIGH = 0.95
_USUAL_SHARE = 0.05  # of a CI's own results lie above its p95
_LEAST_HOURS = 0.25  # a CI that answers within minutes is not slow at half an hour
_STEP = math.log(1.05)
_SHORTEST = 1 / 60  # hours
_MEMORY = 28  # days
_KEPT = 64  # verdicts whose slowness is remembered one by one
_SLOWER, _FASTER = math.log(0.5 / _USUAL_SHARE), math.log(0.5 / (1 - _USUAL_SHARE))
_HALF_WAY = math.log(1000)  # odds that half of all is slow by now

_LEAST_ALLOWED, _MOST_ALLOWED = 3600.0, 3 * DAY  # seconds
_UNTRIED = DAY
_ENOUGH = 20


class LatencySignal(Stored):
    """The time to the first verdict; also tells how long a CI may take (`allowed`)."""

    name = NAME

    STATE = state(_days=table(same, dict), _newest=int, _last=each(tuple), _proofs=part, _held=part)

    def __init__(self, policy: LatencyPolicy, adopt: timedelta) -> None:
        """``adopt`` is after how long a slow time is what is usual for the CI."""
        self._policy = policy
        self._window = max(1, round(policy.window.total_seconds() / DAY))  # days
        self._held = HeldUsual(_MEMORY * DAY, adopt.total_seconds())
        self._days: dict[int, dict[int, int]] = {}  # day -> step -> how many
        self._newest = 0
        self._last: list[tuple[bool, float]] = []  # (in time, when)
        self._proofs = Proofs()
        self._usual: tuple[int, float] | None = None  # of a day
        self._allowed: tuple[int, float | None] | None = None

    def read(self, row: Sequence[Any], /) -> None:
        """As the parent's; what follows from it is worked out again."""
        super().read(row)
        self._usual = self._allowed = None

    def take(self, one: Took) -> None:
        """Takes in how long a verdict took."""
        day = int(one.at // DAY)
        if day > self._newest:
            self._newest = day
            for old in [known for known in self._days if known < day - _MEMORY]:
                del self._days[old]
        steps = self._days.setdefault(day, {})
        step = step_of(one.hours)
        steps[step] = steps.get(step, 0) + 1
        usual = self._usual_hours(one.at)
        slow = usual is not None and one.hours > self._policy.degraded * usual
        self._last = [*self._last, (not slow, one.at)][-_KEPT:]
        if slow:
            self._proofs.add(one.proof)
        if usual is not None:
            now = self.standing(one.at, self._held.lasts)
            self._held.follow(one.at, usual, bad=now.bad, well=now.clears)

    def allowed(self, at: float) -> float:
        """Seconds after an upload until which the first verdict may come: the 99th percentile.

        Of the days before; of today too while little is known.
        """
        day = int(at // DAY)
        if self._allowed is None or self._allowed[0] != day:
            before = self._merged(day - _MEMORY, day - 1)
            known = sum(before.values()) >= _ENOUGH
            self._allowed = (day, _allowance(before) if known else None)
        found = self._allowed[1]
        return _allowance(self._merged(day - _MEMORY, day)) if found is None else found

    def _merged(self, first: int, last: int) -> dict[int, int]:
        found: dict[int, int] = {}
        for day, steps in self._days.items():
            if first <= day <= last:
                for step, n in steps.items():
                    found[step] = found.get(step, 0) + n
        return found

    def _recent_days(self, now: float) -> tuple[int, int]:
        """The first and last day of the window; it ends today."""
        today = int(now // DAY)
        return today - self._window + 1, today

    def _usual_hours(self, now: float) -> float | None:
        """p95 of the weeks before the window; None where too little is known of them."""
        first, today = self._recent_days(now)
        if self._usual is None or self._usual[0] != today:
            before = self._merged(today - _MEMORY + 1, first - 1)
            known = sum(before.values()) >= self._policy.minimum
            usual = max(percentile_of(before, _HIGH), _LEAST_HOURS) if known else -1.0
            self._usual = (today, usual)
        return self._held.of(self._usual[1]) if self._usual[1] > 0 else None

    def _verdict(self, now: float, usual: float) -> State:
        first, today = self._recent_days(now)
        n = sum(self._merged(first, today).values())
        if n < self._policy.minimum:
            return State.UNKNOWN
        limit = math.log(self._policy.degraded * usual) / _STEP
        by_day = [
            sum(count for step, count in steps.items() if step > limit)
            for day, steps in self._days.items()
            if first <= day <= today
        ]
        surely = wilson(sum(by_day), n, SURE).low > _USUAL_SHARE
        slow = surely and sum(one > 0 for one in by_day) >= self._policy.slow_days
        return State.DEGRADED if slow else State.HEALTHY

    def standing(self, now: float, ending: bool) -> Reading:
        """Bad while surely more than a twentieth is that slow, on several days."""
        usual = self._usual_hours(now)
        if usual is None:
            return Reading(State.UNKNOWN, False)
        if not ending and not (self._last and not self._last[-1][0]):
            return WELL  # nothing got slower: nothing can be worse
        verdict = self._verdict(now, usual)
        back = self._back() if verdict is not State.UNKNOWN else None
        if back is not None:
            # What was uploaded in the slow time may still come.
            recent = percentile_of(self._merged(*self._recent_days(now)), _HIGH)
            return Reading(State.HEALTHY, now - back >= 3600 * recent)
        well = verdict is State.HEALTHY and self._well(now, usual)
        return Reading(verdict, well, not verdict.bad and self._slows())

    def _slows(self) -> bool:
        """Whether the last ones are surely slower than usual, if not yet on enough days."""
        run = Run()
        for well, at in self._last:
            run.add(_FASTER if well else _SLOWER, well, at)
        return run.score >= _HALF_WAY

    def _back(self) -> float | None:
        slow = sum(not well for well, _at in self._last)
        return back_since(Count(len(self._last), slow), self._last[::-1], 1 - _USUAL_SHARE)

    def _well(self, now: float, usual: float) -> bool:
        recent = self._merged(*self._recent_days(now))
        return bool(recent) and percentile_of(recent, _HIGH) <= self._policy.clears * usual * 1.05

    def signal(self, now: float) -> Signal:
        """The time from upload to first verdict, in hours: p95 is the figure.

        Slow is what took longer than ``policy.degraded`` times the p95 of the weeks
        before. One afternoon's queue is no symptom: surely more than a twentieth
        must be slow, on ``policy.slow_days`` different days.
        """
        standing = self.standing(now, True)
        recent = self._merged(*self._recent_days(now))
        since = self._recent_days(now)[0] * DAY
        return Signal(
            NAME,
            standing.verdict,
            figure=percentile_of(recent, _HIGH) if recent else None,
            n=sum(recent.values()),
            seen=self._seen(now, recent),
            evidence=self._proofs.evidence(Fault.SLOW, since),
            clears=standing.clears,
            rising=standing.rising,
            since=self._since() if standing.bad else None,
            adopted=known_moment(self._held.adopted),
        )

    def _since(self) -> datetime | None:
        return known_moment(bad_since(self._last, 1 - _USUAL_SHARE))

    def _seen(self, now: float, recent: Mapping[int, int]) -> Times:
        first, today = self._recent_days(now)
        before = self._merged(today - _MEMORY + 1, first - 1)
        usual = _time(before, _HIGH)
        if self._held.holds:  # the weeks before hold the slow time by now
            usual = timedelta(hours=self._held.of(0.0))
        policy = self._policy
        return Times(
            _time(recent, 0.5),
            _time(recent, _HIGH),
            sum(recent.values()),
            Period(policy.window),
            usual,
            sum(before.values()),
            policy.minimum,
            policy.degraded,
        )


def _allowance(steps: Mapping[int, int]) -> float:
    n = sum(steps.values())
    if not n:
        return _UNTRIED
    usual = percentile_of(steps, 0.99) if n >= _ENOUGH else 2 * math.exp(max(steps) * _STEP)
    return min(max(usual * 3600, _LEAST_ALLOWED), _MOST_ALLOWED)


def step_of(hours: float) -> int:
    """The place of a time on the scale of 5 % steps."""
    return math.ceil(math.log(max(hours, _SHORTEST)) / _STEP)


def percentile_of(steps: Mapping[int, int], share: float) -> float:
    """The value in hours below which ``share`` lie, by nearest rank, on the scale of 5 %."""
    rank, seen = max(1, math.ceil(share * sum(steps.values()))), 0
    for step in sorted(steps):
        seen += steps[step]
        if seen >= rank:
            return math.exp(step * _STEP)
    raise ValueError("no values, no percentile")


def _time(steps: Mapping[int, int], share: float) -> timedelta | None:
    return timedelta(hours=percentile_of(steps, share)) if steps else None
