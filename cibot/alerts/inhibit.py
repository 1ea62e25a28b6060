"""What keeps an alert back: a greater trouble that explains it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cibot.model import State

TOGETHER = timedelta(hours=1)
_ONE_TROUBLE = timedelta(days=1)
AFTERMATH = timedelta(days=7)
_BY_REFERENCE = frozenset({"success", "disagreement", "job"})  # measured beside the reference
_SHARE = 0.30
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is wrong where an alert would go out.

    ``reference_broken`` says that the reference CI of its projects has a success
    incident of its own; ``silent`` that the CI itself is silent. ``told`` are the
    kinds of this CI's incidents that last and that people know of, with when they
    opened; ``over`` those that ended within `AFTERMATH`: figures over days still
    show what is over.
    """

    feed_fresh: bool = True
    is_reference: bool = False
    reference_broken: bool = False
    silent: bool = False
    told: Mapping[str, datetime] = field(default_factory=dict)
    over: frozenset[str] = frozenset()


_OVER_DAYS = frozenset({"disagreement", "coverage", "latency"})
# What explains an alert of a kind: one message per trouble.
_EXPLAINED = {
    "disagreement": ("success", "job"),
    "job": ("success", "disagreement"),
    "coverage": ("silent",),
    "latency": ("silent", "infra"),
}


def inhibited(
    kind: str,
    around: Surroundings,
    severity: State = State.DEGRADED,
    opened_at: datetime | None = None,
) -> str | None:
    """Why an alert of that kind is kept back, or None when it may go out.

    ``opened_at`` is when its incident opened.
    """
    if not around.feed_fresh:
        return "our own feed is stale"
    if kind != "silent" and around.silent:
        return "the CI is silent"
    if around.reference_broken and not around.is_reference and kind in _BY_REFERENCE:
        return "the reference CI is broken"
    greater = _explained_by(kind, around, severity, opened_at)
    return None if greater is None else f"its {greater} incident explains it"


def _explained_by(
    kind: str, around: Surroundings, severity: State, opened_at: datetime | None
) -> str | None:
    """The kind of the CI's other incident that told of the same trouble."""
    for greater in _EXPLAINED.get(kind, ()):
        if greater in around.told or (kind in _OVER_DAYS and greater in around.over):
            return greater
    if kind == "success" and severity is State.DEGRADED and opened_at is not None:
        # their message said more, or the same; what is worse is told all the same
        for other in ("job", "disagreement"):
            told = around.told.get(other)
            if told is not None and abs(opened_at - told) <= _ONE_TROUBLE:
                return other
    return None


@dataclass(frozen=True, slots=True)
class Opening:
    """An incident that opened: whose, of what kind and when."""

    ci: str
    kind: str
    at: datetime
    severity: State


def common_breakage(
    openings: Iterable[Opening], cis: int, now: datetime
) -> tuple[Opening, ...] | None:
    """The incidents that one message should tell of together, oldest first; or None.

    ``openings`` are those of the last day and ``cis`` the number of CIs that are
    judged at all. One message it is when at least three CIs, and at least 30 %
    of all, opened within the hour up to ``now``. The answer goes back over the
    openings that hang together with gaps of an hour at most, so that its first
    one names the breakage for as long as it goes on.
    """
    past = sorted(
        (one for one in openings if one.at <= now), key=lambda one: (one.at, one.ci, one.kind)
    )
    lately = {one.ci for one in past if now - one.at <= TOGETHER}
    if len(lately) < max(_FEWEST, math.ceil(_SHARE * cis)):
        return None
    start = len(past) - 1
    while start > 0 and past[start].at - past[start - 1].at <= TOGETHER:
        start -= 1
    return tuple(past[start:])
