"""Success: how much of what it should pass the CI passes, and whether that changed.

Only patch sets that the reference passed count where there is a reference: a
failure on a broken change is the change's. The *level* is judged by the bound of
the Wilson interval that speaks for the CI, so few results accuse nobody; the
*change* by the chart, which knows the CI's own past.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.health.chart import RECOVERED, Chart, Drop, Run
from cibot.health.intervals import wilson
from cibot.health.observation import Judged, fair, first_verdicts, independent, latest_attempts
from cibot.health.policy import ChartPolicy, SuccessPolicy
from cibot.health.signal import MOST_EVIDENCE, Evidence, Signal, of_result
from cibot.health.words import percent, span
from cibot.model import Result, State

NAME = "success"
_LOWEST, _HIGHEST = 0.05, 0.95  # no regime is taken for surer than this


def charted(policy: ChartPolicy, judged: Sequence[Judged]) -> Chart:
    """The chart after these results, in whatever order they came."""
    chart = Chart(policy)
    for one in independent(fair(first_verdicts(judged))):
        chart.add(one.result is Result.PASS, one.posted_at)
    return chart


def success(
    policy: SuccessPolicy, judged: Sequence[Judged], now: datetime, chart: Chart | None = None
) -> Signal:
    """The share of PASS in PASS and FAIL over the window, and what it means.

    ``chart`` has seen the CI's results until ``now``; without one only the level
    is judged.
    """
    seen = _look(policy, fair(latest_attempts(judged)), now, chart)
    n, passes = len(seen.counted), seen.passes
    low, high = wilson(passes, n)
    verdict = min((seen.level, seen.change), key=_badness)
    bad = _is_bad(verdict)
    rising = not bad and chart is not None and chart.rising
    return Signal(
        NAME,
        verdict,
        figure=passes / n if n else None,
        low=low if n else None,
        high=high if n else None,
        n=n,
        threshold=f"degraded when surely below {percent(policy.degraded)},"
        f" failing below {percent(policy.failing)}, or when it drops from its own past",
        said=_said(policy, seen, now),
        evidence=tuple(_evidence(seen)),
        clears=verdict is State.HEALTHY and not rising and _well(policy, seen),
        rising=rising,
        since=_since(policy, seen) if bad else None,
    )


def level(policy: SuccessPolicy, passes: int, n: int) -> State:
    """What a pass rate means by itself; unknown below the minimum."""
    if n < policy.minimum:
        return State.UNKNOWN
    return _by_bound(policy, passes, n)


def in_window(policy: SuccessPolicy, counted: list[Judged], now: datetime) -> list[Judged]:
    """The results of the window; where they are too few, the newest ``minimum`` in reach."""
    recent = [one for one in counted if one.posted_at >= now - policy.window]
    if len(recent) >= policy.minimum:
        return recent
    reachable = [one for one in counted if one.posted_at >= now - policy.reach]
    return reachable[-policy.minimum :]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the verdict rests on: the results that count, and what level and change say."""

    counted: list[Judged]
    level: State
    change: State
    drop: Drop | None
    back: bool  # it recovered within the window; ``counted`` is what came after

    @property
    def passes(self) -> int:
        return _passes(self.counted)


def _look(policy: SuccessPolicy, fit: list[Judged], now: datetime, chart: Chart | None) -> _Seen:
    counted = in_window(policy, fit, now)
    drop = chart.drop if chart else None
    if drop is not None:
        change = _by_bound(policy, drop.passes, drop.n)
        change = State.DEGRADED if change is State.HEALTHY else change
        return _Seen(counted, level(policy, _passes(counted), len(counted)), change, drop, False)
    start = _back_since(policy, counted, chart)
    after = [one for one in counted if start is not None and one.posted_at >= start]
    standing = level(policy, _passes(after or counted), len(after or counted))
    known = after or (chart is not None and chart.baseline.ready and counted)
    change = State.HEALTHY if known else State.UNKNOWN
    return _Seen(after or counted, standing, change, None, bool(after))


def _back_since(
    policy: SuccessPolicy, counted: list[Judged], chart: Chart | None
) -> datetime | None:
    """Since when it is well again after a bad time within the window.

    As the chart has it; or, before the chart knows enough, as the last results
    weigh against all of the window.
    """
    n, passes = len(counted), _passes(counted)
    if not n or not _is_bad(level(policy, passes, n)):
        return None
    if chart is not None and chart.baseline.ready:
        return chart.settled_at
    low, high = max(_LOWEST, passes / n), _HIGHEST
    run = Run()
    for one in counted:
        passed = one.result is Result.PASS
        gain = math.log(high / low) if passed else math.log((1 - high) / (1 - low))
        run.add(gain, passed, one.posted_at.timestamp())
    return run.started_at if run.score >= RECOVERED else None


def _by_bound(policy: SuccessPolicy, passes: int, n: int) -> State:
    high = wilson(passes, n).high
    if high < policy.failing:
        return State.FAILING
    return State.DEGRADED if high < policy.degraded else State.HEALTHY


def _well(policy: SuccessPolicy, seen: _Seen) -> bool:
    """Good enough to end an incident: surely back, or above the level that clears."""
    return seen.back or seen.passes >= policy.clears * len(seen.counted)


def _passes(counted: Sequence[Judged]) -> int:
    return sum(one.result is Result.PASS for one in counted)


def _is_bad(state: State) -> bool:
    return state.rank < State.UNKNOWN.rank


def _badness(state: State) -> int:
    """Worst first, and unknown last: what one of the two knows, stands."""
    return state.rank if state is not State.UNKNOWN else len(State)


def _since(policy: SuccessPolicy, seen: _Seen) -> datetime | None:
    """When the trouble began: the chart's last zero, or where a good rate no longer fits."""
    if seen.drop is not None:
        return seen.drop.since
    high = policy.clears
    low = max(_LOWEST, min(seen.passes / len(seen.counted), high - _LOWEST))
    run = Run()
    for one in seen.counted:
        passed = one.result is Result.PASS
        gain = math.log(low / high) if passed else math.log((1 - low) / (1 - high))
        run.add(gain, passed, one.posted_at.timestamp())
    return run.started_at


def _said(policy: SuccessPolicy, seen: _Seen, now: datetime) -> str:
    counted = seen.counted
    if not counted:
        return f"no results in {span(policy.reach)}"
    looked = now - counted[0].posted_at
    looked = looked if seen.back else max(policy.window, looked)
    said = f"{seen.passes} of {len(counted)} passed in {span(looked)}"
    if all(one.reference is not None for one in counted):
        said += " where the reference passed"
    if seen.drop is not None:
        drop = seen.drop
        return (
            f"{drop.passes} of {drop.n} passed since {drop.since:%Y-%m-%d %H:%M} UTC,"
            f" {percent(drop.usual)} before; {said}"
        )
    if seen.back:
        return f"{said}, since it recovered"
    if len(counted) < policy.minimum:
        said += f"; {policy.minimum} are needed to judge"
    return said


def _evidence(seen: _Seen) -> list[Evidence]:
    """The newest failures, newest first; after a drop, those since, with the first of them."""
    since = seen.drop.since if seen.drop else None
    failures = [
        one
        for one in seen.counted
        if one.result is Result.FAIL and (since is None or one.posted_at >= since)
    ]
    shown = failures[-MOST_EVIDENCE:]
    if since is not None and len(failures) > MOST_EVIDENCE:
        shown = [failures[0], *shown[1:]]
    return [
        of_result(one, "failed, the reference passed" if one.reference else "failed")
        for one in reversed(shown)
    ]
