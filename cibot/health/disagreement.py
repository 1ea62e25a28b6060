"""Disagreement with the reference CI on the same patch sets, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cibot.health.observation import Judged, independent, latest_attempts
from cibot.health.policy import SharePolicy
from cibot.health.share import share_signal
from cibot.health.signal import Signal
from cibot.model import Result, State

NAME = "disagreement"
PASSES_EVERYTHING = "passes_everything"
_VERDICTS = frozenset({Result.PASS, Result.FAIL})


def false_failures(
    policy: SharePolicy, judged: Sequence[Judged], now: datetime, since: datetime | None = None
) -> Signal:
    """How often the CI fails what the reference passed, on the same patch set.

    A change that fails with one patch set after the other is one failure. ``since``
    is when the CI recovered from a drop: what came before is of another time.
    """
    seen = [
        one
        for one in independent(_paired(policy, judged, now, Result.PASS))
        if since is None or one.posted_at >= since
    ]
    words = "failed where the reference passed"
    return share_signal(NAME, policy, seen, lambda one: one.result is Result.FAIL, words)


def false_passes(policy: SharePolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """How often the CI passes what the reference failed: does it look at anything at all?

    Shown only. A CI that runs other jobs than the reference does so honestly.
    """
    last = {one.change_id: one for one in _paired(policy, judged, now, Result.FAIL)}
    seen = sorted(last.values(), key=lambda one: one.order)
    words = "passed where the reference failed"
    found = share_signal(
        PASSES_EVERYTHING, policy, seen, lambda one: one.result is Result.PASS, words
    )
    known = len(seen) >= policy.minimum
    return replace(
        found,
        verdict=State.HEALTHY if known else State.UNKNOWN,
        threshold="shown only: a CI with other jobs than the reference's may rightly pass",
        since=None,
        counts=False,
    )


def _paired(
    policy: SharePolicy, judged: Sequence[Judged], now: datetime, reference: Result
) -> list[Judged]:
    return [
        one
        for one in latest_attempts(judged)
        if one.posted_at >= now - policy.window
        and one.result in _VERDICTS
        and one.reference is reference
    ]
