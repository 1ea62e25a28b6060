"""Disagreement with the reference CI on the same patch sets, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cibot.health.observation import Judged, latest_attempts
from cibot.health.share import SharePolicy, share_signal
from cibot.health.signal import Signal
from cibot.model import Result

DEFAULT = SharePolicy(timedelta(days=7), 20, degraded=0.15, failing=0.40, clears=0.10)
_VERDICTS = frozenset({Result.PASS, Result.FAIL})


def false_failures(policy: SharePolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """How often the CI fails what the reference passed, on the same patch set."""
    seen = _paired(policy, judged, now, Result.PASS)
    bad = [one for one in seen if one.result is Result.FAIL]
    return share_signal("disagreement", policy, seen, bad, "failed where the reference passed")


def false_passes(policy: SharePolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """How often the CI passes what the reference failed: does it look at anything at all?"""
    seen = _paired(policy, judged, now, Result.FAIL)
    bad = [one for one in seen if one.result is Result.PASS]
    return share_signal("passes_everything", policy, seen, bad, "passed where the reference failed")


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
