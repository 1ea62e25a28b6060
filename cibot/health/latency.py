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
from cibot.health.baseline import HeldUsual
from cibot.health.chart import Run
from cibot.health.facts import DAY, known_moment
from cibot.health.inputs import Took
from cibot.health.intervals import wilson
from cibot.health.kind import WELL, Gauge, Reading
from cibot.health.seen import Fault, Period, Times
from cibot.health.share import SURE, back_since, bad_since
from cibot.health.signal import Family, SignalFigures
from cibot.health.state import each, part, same, since, state, table
from cibot.health.tally import Count, Proofs
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
_Days = dict[int, dict[int, int]]  # day -> step -> how many


class LatencySignal(Gauge):
    """The time to the first verdict; also tells how long a CI may take (`allowed`)."""

    name = NAME
    about = (
        "The time from upload to the first verdict, within which 95 % come, compared with the"
        " CI's own weeks before. It must be slow on several days: one busy afternoon is not"
        " enough."
    )
    family = Family.TIME

    STATE = state(
        _days=table(same, dict), _recent=table(same, dict), _newest=int, _last=each(tuple),
        _proofs=part, _held=part, _back=since, _after=table(same, dict), _from=since,
        _settled=bool,
    )  # fmt: skip

    def __init__(self, policy: LatencyPolicy, adopt: timedelta) -> None:
        """``adopt`` is after how long a slow time is what is usual for the CI."""
        self._policy = policy
        self._window = max(1, round(policy.window.total_seconds() / DAY))  # days
        self._held = HeldUsual(_MEMORY * DAY, adopt.total_seconds())
        self._days: _Days = {}
        self._recent: _Days = {}  # of the window, what came since it was well again
        self._newest = 0
        self._last: list[tuple[bool, float, int]] = []  # (in time, when, step), of those
        self._back = -math.inf  # while it is slow: since when the last ones are surely as usual
        self._after: _Days = {}  # what came since
        self._from = -math.inf  # since when it is well again after a slow time
        self._settled = False  # and so it is still
        self._proofs = Proofs()
        self._usual: tuple[int, float] | None = None  # of a day
        self._allowed: tuple[int, float | None] | None = None

    def read(self, row: Sequence[Any], /) -> None:
        """As the parent's; what follows from it is worked out again."""
        super().read(row)
        self._usual = self._allowed = None

    def take(self, took: Took) -> None:
        """Takes in how long a verdict took."""
        day = int(took.at // DAY)
        if day > self._newest:
            self._newest = day
            _drop(self._days, day - _MEMORY)
            _drop(self._recent, day - self._window)
            _drop(self._after, day - self._window)
        step = step_of(took.hours)
        _add(self._days, day, step)
        _add(self._recent, day, step)
        usual = self._usual_hours(took.at)
        slow = usual is not None and took.hours > self._policy.degraded * usual
        self._last.append((not slow, took.at, step))
        del self._last[:-_KEPT]
        if slow:
            self._proofs.add(took.proof)
        if self._held.lasts:
            self._look_back(day, step, slow)
        if usual is not None:
            self._follow(took.at, usual)

    def _follow(self, at: float, usual: float) -> None:
        held = self._held
        lasts, now = held.lasts, self.standing(at, held.lasts)
        self._settled = self._settled and not now.bad
        # Where too little came to say so it may be slow still: it is not well for lack of results.
        bad = now.bad or (lasts and self._back == -math.inf)
        held.follow(at, usual, bad=bad, well=now.clears)
        if lasts and not (held.lasts or now.clears):  # its usual time is another one now
            self._last, self._back, self._after = [], -math.inf, {}
        elif lasts and now.clears:
            if self._back != -math.inf:
                # What came before counts no more, or the next slow one would bring it back.
                self._from, self._settled, self._recent = self._back, True, self._after
                self._last = [last for last in self._last if last[1] >= self._back]
            self._back, self._after = -math.inf, {}

    def _look_back(self, day: int, step: int, slow: bool) -> None:
        """Since when the last ones are surely as usual; each slow one asks again."""
        is_back = self._back != -math.inf
        if is_back:
            _add(self._after, day, step)
            if not slow:
                return
        back = self._back_since()
        if back is None:
            self._back, self._after = -math.inf, {}
        elif not is_back:
            self._back = back
            for _well, at, its_step in self._last:
                if at >= back:
                    _add(self._after, int(at // DAY), its_step)

    def _back_since(self) -> float | None:
        outcomes = self._outcomes
        count = Count(len(outcomes), sum(not well for well, _at in outcomes))
        return back_since(count, outcomes[::-1], 1 - _USUAL_SHARE)

    def allowed(self, at: float) -> float:
        """Seconds after an upload until which the first verdict may come: the 99th percentile.

        Of the days before; of today too while little is known.
        """
        day = int(at // DAY)
        if self._allowed is None or self._allowed[0] != day:
            before = _merged(self._days, day - _MEMORY, day - 1)
            enough = sum(before.values()) >= _ENOUGH
            self._allowed = (day, _allowance(before) if enough else None)
        seconds = self._allowed[1]
        return _allowance(_merged(self._days, day - _MEMORY, day)) if seconds is None else seconds

    def _recent_days(self, now: float) -> tuple[int, int]:
        """The first and last day of the window; it ends today."""
        today = int(now // DAY)
        return today - self._window + 1, today

    def _lately(self, now: float) -> dict[int, int]:
        """What counts: the times of the window or, of those, since it was well again."""
        return _merged(self._recent, *self._recent_days(now))

    def _begun(self, now: float) -> float | None:
        """When it was well again, where that is within the window."""
        return self._from if self._from >= self._recent_days(now)[0] * DAY else None

    def _usual_hours(self, now: float) -> float | None:
        """p95 of the weeks before the window; None where too little is known of them."""
        first, today = self._recent_days(now)
        if self._usual is None or self._usual[0] != today:
            before = _merged(self._days, today - _MEMORY + 1, first - 1)
            enough = sum(before.values()) >= self._policy.minimum
            usual = max(percentile_of(before, _HIGH), _LEAST_HOURS) if enough else -1.0
            self._usual = (today, usual)
        return self._held.of(self._usual[1]) if self._usual[1] > 0 else None

    def _verdict(self, now: float, usual: float) -> State:
        first, today = self._recent_days(now)
        n = sum(self._lately(now).values())
        if n < self._policy.minimum:
            return State.UNKNOWN
        limit = math.log(self._policy.degraded * usual) / _STEP
        by_day = [
            sum(count for step, count in steps.items() if step > limit)
            for day, steps in self._recent.items()
            if first <= day <= today
        ]
        surely = wilson(sum(by_day), n, SURE).low > _USUAL_SHARE
        slow = surely and sum(count > 0 for count in by_day) >= self._policy.slow_days
        return State.DEGRADED if slow else State.HEALTHY

    def standing(self, now: float, ending: bool) -> Reading:
        """Bad while surely more than a twentieth is that slow, on several days."""
        usual = self._usual_hours(now)
        if usual is None:
            return Reading(State.UNKNOWN, False)
        if not ending and not (self._last and not self._last[-1][0]):
            return WELL  # nothing got slower: nothing can be worse
        verdict = self._verdict(now, usual)
        if self._settled and self._begun(now) is not None and not verdict.bad:
            return Reading(State.HEALTHY, True, self._slows())
        if not self._held.lasts:
            if verdict.bad and self._back_since() is not None:
                return WELL  # it was slow for days, and is not any more
        elif verdict is not State.UNKNOWN and self._back != -math.inf:
            # What was uploaded in the slow time may still come; it takes as many days as to begin.
            recent = 3600 * percentile_of(self._lately(now), _HIGH)
            least = max(recent, self._policy.slow_days * DAY)
            return Reading(State.HEALTHY, now - self._back >= least)
        well = verdict is State.HEALTHY and self._well(now, usual)
        return Reading(verdict, well, not verdict.bad and self._slows())

    def _slows(self) -> bool:
        """Whether the last ones are surely slower than usual, if not yet on enough days."""
        run = Run()
        for well, at, _step in self._last:
            run.add(_FASTER if well else _SLOWER, well, at)
        return run.score >= _HALF_WAY

    @property
    def _outcomes(self) -> list[tuple[bool, float]]:
        return [(well, at) for well, at, _step in self._last]

    def _well(self, now: float, usual: float) -> bool:
        recent = self._lately(now)
        return bool(recent) and percentile_of(recent, _HIGH) <= self._policy.clears * usual * 1.05

    def figures(self, now: float, reading: Reading) -> SignalFigures:
        """The time from upload to first verdict, in hours: p95 is the figure.

        Slow is what took longer than ``policy.degraded`` times the p95 of the weeks
        before. One afternoon's queue is no symptom: surely more than a twentieth
        must be slow, on ``policy.slow_days`` different days.
        """
        first, today = self._recent_days(now)
        recent, begun = self._lately(now), self._begun(now)
        if reading.verdict is State.HEALTHY and self._held.lasts and self._back >= first * DAY:
            recent, begun = _merged(self._after, first, today), self._back
        return SignalFigures(
            figure=percentile_of(recent, _HIGH) if recent else None,
            n=sum(recent.values()),
            seen=self._seen(now, recent, begun),
            evidence=self._proofs.evidence(Fault.SLOW, max(first * DAY, self._from)),
            since=self._since() if reading.bad else None,
            adopted=known_moment(self._held.adopted),
        )

    def _since(self) -> datetime | None:
        return known_moment(bad_since(self._outcomes, 1 - _USUAL_SHARE))

    def _seen(self, now: float, recent: Mapping[int, int], begun: float | None) -> Times:
        first, today = self._recent_days(now)
        before = _merged(self._days, today - _MEMORY + 1, first - 1)
        usual = _time(before, _HIGH)
        if self._held.holds:  # the weeks before hold the slow time by now
            usual = timedelta(hours=self._held.of(0.0))
        policy = self._policy
        return Times(
            _time(recent, 0.5),
            _time(recent, _HIGH),
            sum(recent.values()),
            Period(policy.window, known_moment(begun)),
            usual,
            sum(before.values()),
            policy.minimum if begun is None else 0,
            policy.degraded,
        )


def _add(days: _Days, day: int, step: int) -> None:
    steps = days.setdefault(day, {})
    steps[step] = steps.get(step, 0) + 1


def _drop(days: _Days, first: int) -> None:
    """Forgets the days before ``first``."""
    for old in [day for day in days if day < first]:
        del days[old]


def _merged(days: _Days, first: int, last: int) -> dict[int, int]:
    merged: dict[int, int] = {}
    for day, steps in days.items():
        if first <= day <= last:
            for step, n in steps.items():
                merged[step] = merged.get(step, 0) + n
    return merged


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
