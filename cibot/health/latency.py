"""Latency: how long a CI takes from upload to its first verdict, beside its own weeks before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cibot.health.intervals import percentile, wilson
from cibot.health.observation import Judged
from cibot.health.policy import LatencyPolicy
from cibot.health.share import SURE, back_since, bad_since
from cibot.health.signal import MOST_EVIDENCE, Signal, of_result
from cibot.health.words import span
from cibot.model import Result, State

NAME = "latency"
_HOUR = timedelta(hours=1)
_USUAL_SHARE = 0.05  # of a CI's own results lie above its p95
_LEAST_HOURS = 0.25  # a CI that answers within minutes is not slow at half an hour


def latency(policy: LatencyPolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """The time from upload to first verdict, in hours: p95 is the figure.

    Slow is what took longer than ``policy.degraded`` times the p95 of the weeks
    before. One afternoon's queue accuses nobody: surely more than a twentieth
    must be slow, on ``policy.slow_days`` different days.
    """
    first = _firsts(judged)
    recent = [one for one in first if one.posted_at >= now - policy.window]
    before = sorted(_hours(one) for one in first if one.posted_at < now - policy.window)
    hours = sorted(_hours(one) for one in recent)
    usual = max(percentile(before, 0.95), _LEAST_HOURS) if before else 0.0
    known = min(len(recent), len(before)) >= policy.minimum
    verdict = _verdict(policy, recent, usual) if known else State.UNKNOWN
    p95 = percentile(hours, 0.95) if hours else None
    well = p95 is not None and p95 <= policy.clears * usual
    slow = [one for one in recent if _hours(one) > policy.degraded * usual] if known else []
    back = None
    outcomes = [(_hours(one) <= policy.degraded * usual, one.posted_at) for one in recent]
    if known and not well:
        back = back_since(outcomes, 1 - _USUAL_SHARE)
    bad = back is None and verdict in (State.DEGRADED, State.FAILING)
    return Signal(
        NAME,
        verdict if back is None else State.HEALTHY,
        figure=p95,
        n=len(recent),
        threshold=f"degraded when p95 is surely above {policy.degraded:g} times its usual,"
        f" failing above {policy.failing:g}",
        said=_said(policy, hours, before),
        evidence=tuple(
            of_result(one, f"took {span(_HOUR * _hours(one))}")
            for one in reversed(slow[-MOST_EVIDENCE:])
        ),
        clears=back is not None or (verdict is State.HEALTHY and well),
        since=bad_since(outcomes, 1 - _USUAL_SHARE) if bad else None,
    )


def _firsts(judged: Sequence[Judged]) -> list[Judged]:
    """The first verdict on each patch set and pipeline, in order."""
    first: dict[tuple[int, int, str], Judged] = {}
    for one in sorted(judged, key=lambda one: one.order):
        if one.result is not Result.SKIPPED and one.uploaded_at is not None:
            first.setdefault(one.key, one)
    return list(first.values())


def _hours(one: Judged) -> float:
    assert one.uploaded_at is not None
    return max(0.0, (one.posted_at - one.uploaded_at) / _HOUR)


def _verdict(policy: LatencyPolicy, recent: list[Judged], usual: float) -> State:
    for factor, state in ((policy.failing, State.FAILING), (policy.degraded, State.DEGRADED)):
        slow = [one for one in recent if _hours(one) > factor * usual]
        surely = wilson(len(slow), len(recent), SURE).low > _USUAL_SHARE
        if surely and len({one.posted_at.date() for one in slow}) >= policy.slow_days:
            return state
    return State.HEALTHY


def _said(policy: LatencyPolicy, hours: list[float], before: list[float]) -> str:
    if not hours:
        return f"no results in {span(policy.window)}"
    said = (
        f"half within {span(_HOUR * percentile(hours, 0.5))} of the upload,"
        f" 95 % within {span(_HOUR * percentile(hours, 0.95))} in {span(policy.window)}"
    )
    if before:
        said += f"; {span(_HOUR * percentile(before, 0.95))} in the weeks before"
    if min(len(hours), len(before)) < policy.minimum:
        said += f"; {policy.minimum} results of each are needed to judge"
    return said
