"""How many missed chances in a row are too many."""

from __future__ import annotations

import math

from cibot.config.policy import SilencePolicy

FEWEST = 3  # however reliable a CI is, two missed chances can be one hiccup


def patience(policy: SilencePolicy, coverage: float) -> int | None:
    """How many missed chances in a row mean silence; None when no number does.

    ``coverage`` is the share of its chances, 0..1, that the CI surely takes.
    """
    if coverage <= 0:
        return None
    if coverage >= 1:
        return FEWEST
    return max(FEWEST, math.ceil(math.log(policy.doubt) / math.log1p(-coverage)))
