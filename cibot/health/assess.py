"""A CI's health, out of its signals. Pure: what is stored and a time go in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cibot.health.chart import Chart
from cibot.health.coverage import coverage
from cibot.health.disagreement import false_failures, false_passes
from cibot.health.flips import flips
from cibot.health.infra import infra
from cibot.health.latency import latency
from cibot.health.observation import Eligible, Judged
from cibot.health.policy import Policy
from cibot.health.signal import Health, Signal
from cibot.health.silence import NAME as SILENT
from cibot.health.silence import silence
from cibot.health.streak import job_streak
from cibot.health.success import NAME as SUCCESS
from cibot.health.success import charted, success
from cibot.model import State

_NEEDED = frozenset({SUCCESS, SILENT})


def assess(
    policy: Policy,
    judged: Sequence[Judged],
    eligible: Sequence[Eligible],
    last_heard: datetime | None,
    feed_fresh: bool,
    now: datetime,
    chart: Chart | None = None,
) -> Health:
    """How a CI is at ``now``.

    ``judged`` holds every attempt and ``eligible`` every patch set uploaded since
    ``policy.memory`` before ``now`` or before ``last_heard``, whichever is
    earlier; in any order. What lies after ``now`` is not looked at.
    ``last_heard`` is when the CI last wrote anything, a start notice too,
    whenever that was. ``feed_fresh`` says that the feeds of its servers worked within
    ``policy.feed_stale``. ``chart`` has seen the CI's fair first verdicts until
    ``now``; without one it is drawn from ``judged``.
    """
    past = [one for one in judged if one.posted_at <= now]
    chart = chart or charted(policy.chart, past)
    signals = (
        success(policy.success, past, now, chart),
        silence(policy.silence, past, eligible, last_heard, feed_fresh, now),
        infra(policy.infra, past, now),
        false_failures(policy.disagreement, past, now, chart.settled_at),
        job_streak(policy.job, past, now),
        coverage(policy.coverage, policy.silence, eligible, feed_fresh, now),
        latency(policy.latency, past, now),
        false_passes(policy.disagreement, past, now),
        flips(policy.flips, past, now),
    )
    return Health(overall(signals), signals, _since(signals))


def overall(signals: Iterable[Signal]) -> State:
    """The worst that is known to be wrong; silent outranks failing.

    With nothing known to be wrong a CI is healthy only when both its success
    and its presence were judged: otherwise nobody can say how it is, and unknown
    is the answer.
    """
    found = [one for one in signals if one.counts]
    bad = [one.verdict for one in found if one.verdict.rank < State.UNKNOWN.rank]
    if bad:
        return min(bad, key=lambda state: state.rank)
    well = {one.name for one in found if one.verdict is State.HEALTHY}
    return State.HEALTHY if well >= _NEEDED else State.UNKNOWN


def _since(signals: Sequence[Signal]) -> datetime | None:
    """As the first signal has it that is so bad: success knows best, its chart saw it begin."""
    state = overall(signals)
    return next(
        (one.since for one in signals if one.counts and one.verdict is state and one.since), None
    )
