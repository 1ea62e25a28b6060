"""Infrastructure failures: how much of what a CI runs breaks by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cibot.health.observation import Judged, independent, latest_attempts
from cibot.health.policy import SharePolicy
from cibot.health.share import share_signal
from cibot.health.signal import Signal
from cibot.model import Result

NAME = "infra"


def infra(policy: SharePolicy, judged: Sequence[Judged], now: datetime) -> Signal:
    """How much of what the CI ran broke by itself: INFRA of everything that was not skipped.

    What breaks on a change again and again is one breakage: some changes break
    the runs. That a change did not merge is the CI's trouble only where the
    reference could judge the patch set.
    """
    recent = (one for one in latest_attempts(judged) if one.posted_at >= now - policy.window)
    ran = (one for one in recent if not one.unmerged or one.reference is not None)
    seen = independent(ran, Result.INFRA)
    return share_signal(
        NAME, policy, seen, lambda one: one.result is Result.INFRA, "broke by themselves"
    )
