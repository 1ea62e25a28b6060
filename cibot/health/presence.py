"""Silence: chances to report that went by, and nothing heard.

A quiet weekend brings no patch sets, so no chances and no accusation. How many
missed chances in a row are too many follows from how often the CI reports:
k = ⌈ln doubt / ln(1 − c)⌉ with c the lower bound of its own coverage. Where
coverage cannot be learnt, the CI's own rhythm stands in, compared generously.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cibot.config.policy import SilencePolicy
from cibot.health.chances import Chances
from cibot.health.facts import known_moment, moment
from cibot.health.intervals import wilson
from cibot.health.kind import Gauge, Reading
from cibot.health.seen import Fault, LastHeard
from cibot.health.signal import Family, SignalFigures, evidence, share_of
from cibot.model import State

NAME = "silent"


class PresenceSignal(Gauge):
    """Reads the chances; anything that the CI writes counts as heard, a start notice too."""

    name = NAME
    about = (
        "Patch sets in a row that the CI should have reported on and did not, after the time"
        " that it usually takes. How many of them mean silence follows from the share that it"
        " usually covers. While our own feed is stale, no CI is called silent."
    )
    section = "silence"
    family = Family.PRESENCE
    listens = True

    def __init__(self, policy: SilencePolicy, chances: Chances) -> None:
        self._policy = policy
        self._chances = chances

    @property
    def _knows_coverage(self) -> bool:
        """Whether enough chances came for its coverage to be known."""
        return self._chances.long.n >= self._policy.minimum

    @property
    def alarm(self) -> float | None:
        """When a CI of which only its rhythm is known becomes silent by time alone."""
        rhythm = self._chances.rhythm
        if self._knows_coverage or rhythm.rung or not rhythm.is_known:
            return None
        return self._chances.last + rhythm.limit

    def standing(self, now: float, _ending: bool) -> Reading:
        """Silent when so many chances in a row were missed that it is no accident."""
        chances, k = self._chances, self._chances.patience
        if not chances.last:
            return Reading(State.UNKNOWN, False)
        if chances.silent:
            return Reading(State.SILENT, False)
        settled = chances.gasps >= self._policy.clears and chances.comeback.since is None
        if self._knows_coverage:
            rising = k is not None and 2 * chances.missed >= k
            return Reading(State.HEALTHY if k else State.UNKNOWN, settled, rising)
        return self._by_rhythm(now, settled)

    def _by_rhythm(self, now: float, settled: bool) -> Reading:
        rhythm, quiet = self._chances.rhythm, now - self._chances.last
        if not rhythm.is_known:
            heard = quiet <= self._policy.rhythm_least.total_seconds()
            return Reading(State.HEALTHY if heard else State.UNKNOWN, heard and settled)
        # Without uploads there was nothing to report on, and one may be none of its business.
        silent = quiet >= rhythm.limit and self._chances.missed > 1
        return Reading(
            State.SILENT if silent else State.HEALTHY,
            not silent and settled,
            not silent and 2 * quiet > rhythm.limit and self._chances.missed > 0,
        )

    def figures(self, now: float, reading: Reading) -> SignalFigures:
        """Of how many chances it reports, or its rhythm where no chances are known."""
        chances, rhythm = self._chances, self._chances.rhythm
        if not chances.last:
            return SignalFigures(seen=LastHeard(None, timedelta(0), 0))
        n, missed = chances.long.count
        quiet = timedelta(seconds=max(0.0, now - chances.last))
        seen, shown = LastHeard(moment(chances.last), quiet, chances.missed), SignalFigures(n=n)
        if self._knows_coverage or chances.missed >= (chances.patience or chances.missed + 1):
            takes = wilson(n - missed, n).low if n else self._policy.assumed
            seen = replace(seen, patience=chances.patience, takes=takes)
            shown = share_of(n - missed, n)
        elif rhythm.is_known:
            limit, longest = timedelta(seconds=rhythm.limit), timedelta(seconds=rhythm.longest)
            seen, shown = replace(seen, limit=limit, longest=longest), SignalFigures(n=rhythm.n)
        return SignalFigures(
            **shown,
            seen=seen,
            evidence=tuple(evidence(proof, Fault.MISSED) for proof in chances.missed_first),
            since=moment(chances.last) if reading.bad else None,
            adopted=known_moment(chances.comeback.adopted),
        )
