"""Infrastructure failures: how much of what a CI runs breaks by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cibot.health.observation import Judged, latest_attempts
from cibot.health.policy import SharePolicy
from cibot.health.share import share_signal
from cibot.health.signal import Signal
from cibot.model import Result

NAME = "infra"


def infra(policy: SharePolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """How much of what the CI ran broke by itself: INFRA of everything that was not skipped."""
    seen = [one for one in latest_attempts(judged) if one.posted_at >= now - policy.window]
    return share_signal(
        NAME, policy, seen, lambda one: one.result is Result.INFRA, "broke by themselves"
    )
