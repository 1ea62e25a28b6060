"""Infrastructure failures: how much of what a CI runs breaks by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cibot.health.observation import Judged, latest_attempts
from cibot.health.share import SharePolicy, share_signal
from cibot.health.signal import Signal
from cibot.model import Result

DEFAULT = SharePolicy(timedelta(days=3), 10, degraded=0.10, failing=0.30, clears=0.05)


def infra(policy: SharePolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """How much of what the CI ran broke by itself: INFRA of everything that was not skipped."""
    seen = [one for one in latest_attempts(judged) if one.posted_at >= now - policy.window]
    bad = [one for one in seen if one.result is Result.INFRA]
    return share_signal("infra", policy, seen, bad, "broke by themselves")
