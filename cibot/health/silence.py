"""Silence: chances to report that went by, and nothing heard.

A quiet weekend brings no patch sets, so no chances and no accusation. How many
missed chances in a row are too many follows from how often the CI reports:
k = ⌈ln doubt / ln(1 − c)⌉ with c the lower bound of its own coverage. Uploads
within a few minutes of each other are one chance. Where coverage cannot be
learnt, the CI's own rhythm stands in, compared generously.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cibot.health.intervals import wilson
from cibot.health.observation import Eligible, Judged
from cibot.health.policy import SilencePolicy
from cibot.health.signal import MOST_EVIDENCE, Signal, of_missed
from cibot.health.words import counted, percent, span
from cibot.model import State

NAME = "silent"
_FEWEST = 3  # however reliable a CI is, two missed chances can be one hiccup


@dataclass(frozen=True, slots=True)
class Chance:
    """Patch sets uploaded together: one chance to report."""

    uploaded_at: datetime
    deadline: datetime  # of the last one
    reported: bool  # any of them
    first: Eligible


@dataclass(frozen=True, slots=True)
class _Heard:
    """What silence is judged from: when the CI wrote, and its chances until now."""

    times: list[datetime]
    chances: list[Chance]
    now: datetime

    @property
    def last(self) -> datetime:
        return self.times[-1]

    @property
    def quiet(self) -> timedelta:
        return self.now - self.last


def silence(
    policy: SilencePolicy,
    judged: Sequence[Judged],
    eligible: Sequence[Eligible],
    last_heard: datetime | None,
    feed_fresh: bool,
    now: datetime,
) -> Signal:
    """Whether the CI still reports where it should.

    ``last_heard`` is when it last wrote anything at all, a start notice too.
    With ``feed_fresh`` False nobody is accused: it is we who do not hear.
    """
    times = _times(judged, last_heard, now)
    if not times:
        return _unknown("never heard of")
    # Coverage is learnt from the window before the CI was last heard, so that a
    # long silence does not wash away what is known of it.
    heard = _Heard(times, chances(policy, eligible, times[-1] - policy.window, now), now)
    if not feed_fresh:
        return _unknown(f"last heard {span(heard.quiet)} ago, and our own feed is stale", heard)
    before = [one for one in heard.chances if one.uploaded_at <= heard.last]
    if len(before) >= policy.minimum:
        return _by_chances(policy, heard, before)
    by_rhythm = _by_rhythm(policy, heard)
    by_chances = _by_chances(policy, heard, [])
    return by_chances if by_chances.verdict is State.SILENT else by_rhythm


def patience(policy: SilencePolicy, coverage: float) -> int | None:
    """How many missed chances in a row mean silence; None when no number does."""
    if coverage <= 0:
        return None
    if coverage >= 1:
        return _FEWEST
    return max(_FEWEST, math.ceil(math.log(policy.doubt) / math.log1p(-coverage)))


def _times(judged: Sequence[Judged], last_heard: datetime | None, now: datetime) -> list[datetime]:
    times = {one.posted_at for one in judged if one.posted_at <= now}
    if last_heard is not None:
        times.add(min(last_heard, now))
    return sorted(times)


def chances(
    policy: SilencePolicy, eligible: Sequence[Eligible], since: datetime, now: datetime
) -> list[Chance]:
    """Patch sets since then and past their deadline, those uploaded together taken as one."""
    found: list[Chance] = []
    recent = (e for e in eligible if e.deadline <= now and e.uploaded_at > since)
    for one in sorted(recent, key=lambda e: (e.uploaded_at, e.change_id, e.patch_set)):
        last = found[-1] if found else None
        if last is None or one.uploaded_at - last.uploaded_at > policy.burst:
            found.append(Chance(one.uploaded_at, one.deadline, one.reported, one))
        else:
            found[-1] = Chance(
                last.uploaded_at,
                max(last.deadline, one.deadline),
                last.reported or one.reported,
                last.first,
            )
    return found


def _by_chances(policy: SilencePolicy, heard: _Heard, before: list[Chance]) -> Signal:
    reported = sum(one.reported for one in before)
    share = wilson(reported, len(before))
    k = patience(policy, share.low if before else policy.assumed)
    if k is None:
        return _unknown(f"reported on none of {counted(len(before), 'chance')}", heard)
    missed = [one for one in heard.chances if one.uploaded_at > heard.last]
    silent = len(missed) >= k
    said = f"last heard {span(heard.quiet)} ago"
    if missed:
        said += f"; {counted(len(missed), 'chance')} to report missed in a row since"
    return Signal(
        NAME,
        State.SILENT if silent else State.HEALTHY,
        figure=reported / len(before) if before else None,
        low=share.low if before else None,
        high=share.high if before else None,
        n=len(before),
        threshold=f"silent after {k} chances missed in a row, as it takes"
        f" {percent(share.low if before else policy.assumed)} of them",
        said=said,
        evidence=tuple(of_missed(one.first) for one in missed[:MOST_EVIDENCE]),
        clears=not silent and _settled(policy, heard, k),
        rising=not silent and 2 * len(missed) >= k,
        since=heard.last if silent else None,
    )


def _settled(policy: SilencePolicy, heard: _Heard, k: int) -> bool:
    """Whether no silence lies between its last reports: one alone may be a last gasp."""
    last = heard.times[-policy.clears :]
    if len(last) < policy.clears:
        return False
    return all(
        sum(1 for one in heard.chances if start < one.uploaded_at and one.deadline < end) < k
        for start, end in pairwise(last)
    )


def _by_rhythm(policy: SilencePolicy, heard: _Heard) -> Signal:
    """Compares the quiet with the CI's longest in the window; for want of chances."""
    since = bisect_right(heard.times, heard.last - policy.window)
    times = heard.times[since:]
    said = f"last heard {span(heard.quiet)} ago"
    if len(times) < policy.rhythm_minimum or times[-1] - times[0] < policy.rhythm_span:
        if heard.quiet <= policy.rhythm_least:
            return Signal(NAME, State.HEALTHY, said=said, clears=len(times) >= policy.clears)
        return _unknown(f"{said}; too little is known of its rhythm", heard)
    longest = max(end - start for start, end in pairwise(times))
    limit = max(policy.rhythm_least, policy.rhythm_factor * longest)
    silent = heard.quiet > limit
    return Signal(
        NAME,
        State.SILENT if silent else State.HEALTHY,
        n=len(times),
        threshold=f"silent after {span(limit)}, as its longest quiet was {span(longest)}",
        said=said,
        clears=not silent,
        rising=not silent and 2 * heard.quiet > limit,
        since=heard.last if silent else None,
    )


def _unknown(said: str, heard: _Heard | None = None) -> Signal:
    n = len(heard.chances) if heard else 0
    return Signal(NAME, State.UNKNOWN, n=n, said=said)
