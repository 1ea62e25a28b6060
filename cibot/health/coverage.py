"""Coverage: the share of its chances to report that a CI takes, beside what it usually takes.

Nobody outside knows what a CI means to report on: many run only where their own
driver is touched. So a CI is measured against its own weeks before, not against
all patch sets. What it missed while it was silent is the silence's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from cibot.health.intervals import wilson
from cibot.health.observation import Eligible
from cibot.health.policy import CoveragePolicy, SilencePolicy
from cibot.health.share import SURE, back_since, bad_since
from cibot.health.signal import MOST_EVIDENCE, Signal, of_missed
from cibot.health.silence import Chance, chances, patience
from cibot.health.words import percent, span
from cibot.model import State

NAME = "coverage"


def coverage(
    policy: CoveragePolicy,
    silence: SilencePolicy,
    eligible: Sequence[Eligible],
    feed_fresh: bool,
    now: datetime,
) -> Signal:
    """Reported by the deadline, of the chances in the window.

    The weeks before, as far back as ``silence`` learns, say what is usual.
    With ``feed_fresh`` False nobody is accused: it is we who do not hear.
    """
    found = chances(silence, eligible, now - max(silence.window, policy.window), now)
    heard = _outside_silences(silence, found)
    recent = [one for one in heard if one.deadline > now - policy.window]
    before = [one for one in heard if one.deadline <= now - policy.window]
    usual = wilson(_taken(before), len(before)).low if before else 0.0
    n, k = len(recent), _taken(recent)
    verdict = _verdict(policy, k, n, usual)
    if not feed_fresh or len(before) < policy.minimum:
        verdict = State.UNKNOWN
    known, well = verdict is not State.UNKNOWN, k >= policy.clears * usual * n
    outcomes = [(one.reported, one.deadline) for one in recent]
    back = back_since(outcomes, usual) if known and not well else None
    bad = back is None and verdict in (State.DEGRADED, State.FAILING)
    missed = [one for one in recent if not one.reported]
    low, high = wilson(k, n)
    return Signal(
        NAME,
        verdict if back is None else State.HEALTHY,
        figure=k / n if n else None,
        low=low if n else None,
        high=high if n else None,
        n=n,
        threshold=f"degraded when surely below {percent(policy.degraded)} of what is usual for it,"
        f" failing below {percent(policy.failing)}",
        said=_said(policy, recent, before, feed_fresh),
        evidence=tuple(of_missed(one.first) for one in reversed(missed[-MOST_EVIDENCE:])),
        clears=back is not None or (verdict is State.HEALTHY and well),
        since=bad_since(outcomes, usual) if bad else None,
    )


def _outside_silences(policy: SilencePolicy, found: list[Chance]) -> list[Chance]:
    """Without the runs of missed chances that are long enough to be a silence."""
    k = patience(policy, wilson(_taken(found), len(found)).low)
    if k is None:
        return found
    kept: list[Chance] = []
    for reported, group in groupby(found, key=lambda one: one.reported):
        run = list(group)
        if reported or len(run) < k:
            kept += run
    return kept


def _verdict(policy: CoveragePolicy, k: int, n: int, usual: float) -> State:
    if n < policy.minimum:
        return State.UNKNOWN
    high = wilson(k, n, SURE).high
    if high < policy.failing * usual:
        return State.FAILING
    return State.DEGRADED if high < policy.degraded * usual else State.HEALTHY


def _taken(found: Sequence[Chance]) -> int:
    return sum(one.reported for one in found)


def _said(
    policy: CoveragePolicy, recent: list[Chance], before: list[Chance], feed_fresh: bool
) -> str:
    if not recent:
        return f"no chance to report in {span(policy.window)}"
    said = f"reported in time on {_taken(recent)} of {len(recent)} chances in {span(policy.window)}"
    if not feed_fresh:
        return f"{said}, and our own feed is stale"
    if before:
        said += f", {_taken(before)} of {len(before)} in the weeks before"
    if min(len(recent), len(before)) < policy.minimum:
        said += f"; {policy.minimum} of each are needed to judge"
    return said
