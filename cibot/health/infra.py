"""Infrastructure failures: how much of what a CI runs breaks by itself.

What breaks on a change again and again is one breakage: some changes break
the runs. That a change did not merge is the CI's trouble only where the
reference could judge the patch set.
"""

from __future__ import annotations

from cibot.config.policy import SharePolicy
from cibot.health.seen import Fault
from cibot.health.share import Share

NAME = "infra"


def infra(policy: SharePolicy) -> Share:
    """The share of INFRA in everything that was not skipped; fed from the window ``ran``."""
    return Share(NAME, policy, Fault.BROKE)
