"""A symptom: one signal that accuses a CI, from its first bad reading to its last. Pure.

A verdict of *unknown* neither accuses nor acquits: it only ends what was half way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cibot.config.policy import IncidentPolicy
from cibot.config.signals import signals
from cibot.health.chart import Drop
from cibot.health.seen import Fault, OwnPast, Seen
from cibot.health.signal import MOST_EVIDENCE, Evidence, Family, Signal
from cibot.model import State

_EXPLAINS = {name: rank for rank, name in enumerate(signals())}


class SymptomPhase(StrEnum):
    """Where a symptom is."""

    PENDING = "pending"  # half way to firing: shown, not sent
    FIRING = "firing"
    RECOVERING = "recovering"  # not bad any more, not yet surely well
    CLEARED = "cleared"


TO_A_MINUTE = timedelta(minutes=1)
"""As exactly signals know when a trouble began."""
_STANDS = frozenset({SymptomPhase.FIRING, SymptomPhase.RECOVERING})


@dataclass(frozen=True, slots=True)
class Symptom:
    """What one signal says in an incident.

    ``severity`` is its worst verdict since it came. ``came_at`` is when it fired, None
    while it is pending; ``since`` when the trouble began as the evidence has it.
    ``evidence`` is current, ``first_evidence`` that of when it came, the first bad run
    among it. ``spells`` counts how often it came, ``returns`` how often soon after it had
    cleared.
    """

    signal: str
    phase: SymptomPhase
    severity: State
    since: datetime | None = None
    came_at: datetime | None = None
    recovering_at: datetime | None = None
    cleared_at: datetime | None = None
    seen: Seen | None = None
    figure: float | None = None
    n: int = 0
    first_evidence: tuple[Evidence, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    returns: int = 0
    spells: int = 1
    adopted: bool = False

    @property
    def stands(self) -> bool:
        """Whether it fired and has not cleared."""
        return self.phase in _STANDS

    @property
    def fires(self) -> bool:
        """Whether it accuses now."""
        return self.phase is SymptomPhase.FIRING

    @property
    def accuses(self) -> bool:
        """Whether the CI is at fault, and not the changes, where no reference says so."""
        failing, drop = self.severity is State.FAILING, self._drop
        if drop is not None:
            return drop.accuses(failing)
        return failing or self.signal != "level"

    @property
    def undecided(self) -> bool:
        """Whether it fires and does not accuse, which more results may change."""
        return self.fires and self._drop is not None and not self.accuses

    @property
    def _drop(self) -> Drop | None:
        seen = self.seen
        return seen.drop if self.signal == "success" and isinstance(seen, OwnPast) else None

    @property
    def family(self) -> Family:
        """What it speaks of."""
        return family_of(self.signal)

    @property
    def began(self) -> datetime | None:
        """When its trouble began, as messages say; None while it is pending."""
        return self.since or self.came_at

    @property
    def order(self) -> tuple[int, int]:
        """Sorts those first that are worst and explain most."""
        return (self.severity.rank, _EXPLAINS.get(self.signal, len(_EXPLAINS)))

    @property
    def first_bad(self) -> Evidence | None:
        """The first bad run that is known, of those since the trouble began where there are any."""
        bad = [run for run in self.first_evidence if run.fault is not Fault.LAST_GOOD]
        since = self.since
        own = [run for run in bad if since is None or run.at > since - TO_A_MINUTE]
        return min(own or bad, key=lambda run: run.at, default=None)


def family_of(signal: str) -> Family:
    """The family of a signal's symptoms."""
    named = signals().get(signal)
    return Family.RESULTS if named is None else named.family


def result_symptom(symptoms: Iterable[Symptom]) -> Symptom | None:
    """The one that explains most of what is wrong with the results."""
    of_results = [each for each in symptoms if each.family is Family.RESULTS and each.came_at]
    return min(of_results, key=lambda symptom: symptom.order, default=None)


def advance(
    symptom: Symptom | None,
    signal: Signal,
    now: datetime,
    policy: IncidentPolicy,
    reopened: int = 0,
) -> Symptom | None:
    """The symptom after a reading of its signal; None when it never came to be.

    ``reopened`` is how often its incident came back: then it must stay well for a while
    before it clears.
    """
    if symptom is None or symptom.phase is SymptomPhase.CLEARED:
        return _from_well(symptom, signal, now, policy)
    if symptom.phase is SymptomPhase.PENDING:
        return _from_pending(symptom, signal, now)
    if signal.verdict is State.UNKNOWN:
        return symptom
    if signal.verdict.bad:
        return _while_bad(symptom, signal)
    held = holding(policy, max(symptom.returns, reopened))
    return _while_well(symptom, signal, now, held)


def _from_well(
    symptom: Symptom | None, signal: Signal, now: datetime, policy: IncidentPolicy
) -> Symptom | None:
    if signal.verdict.bad:
        recent = (
            symptom is not None
            and symptom.cleared_at is not None
            and now - symptom.cleared_at < policy.reopen
        )
        fired = _fired(Symptom(signal.name, SymptomPhase.FIRING, signal.verdict), signal, now)
        if symptom is None:
            return fired
        fired = replace(fired, spells=symptom.spells + 1)
        return replace(fired, returns=symptom.returns + 1) if recent else fired
    if symptom is not None or not signal.rising:
        return symptom
    rising = Symptom(signal.name, SymptomPhase.PENDING, State.DEGRADED, since=signal.since)
    return refreshed(rising, signal)


def _from_pending(symptom: Symptom, signal: Signal, now: datetime) -> Symptom | None:
    if signal.verdict.bad:
        return _fired(symptom, signal, now)
    if signal.rising:
        return replace(symptom, seen=signal.seen, evidence=signal.evidence)
    return None


def _fired(symptom: Symptom, signal: Signal, now: datetime) -> Symptom:
    return replace(
        refreshed(symptom, signal),
        phase=SymptomPhase.FIRING,
        severity=signal.verdict,
        came_at=now,
        since=signal.since or symptom.since,
        first_evidence=signal.evidence,
    )


def _while_bad(symptom: Symptom, signal: Signal) -> Symptom:
    """Worse counts; easier does not, or a figure at the border would never rest."""
    worse = signal.verdict.rank < symptom.severity.rank
    if not worse and symptom.phase is SymptomPhase.FIRING:
        return symptom
    again = replace(
        refreshed(symptom, signal),
        phase=SymptomPhase.FIRING,
        severity=signal.verdict if worse else symptom.severity,
        recovering_at=None,
    )
    if _is_new_silence(symptom, signal):
        return replace(
            again,
            since=signal.since,
            first_evidence=signal.evidence,
            spells=symptom.spells + 1,
        )
    return again


def _is_new_silence(symptom: Symptom, signal: Signal) -> bool:
    """Whether a silence began after the CI was heard again: it is another one, not the first."""
    back = symptom.recovering_at
    return (
        signal.name == "silent"
        and back is not None
        and signal.since is not None
        and signal.since >= back
    )


def _while_well(symptom: Symptom, signal: Signal, now: datetime, held: timedelta) -> Symptom:
    """Not bad any more. One that keeps coming back has to stay well for longer each time."""
    since = symptom.recovering_at or now
    if signal.clears and now - since >= held:
        return replace(
            _well(symptom, signal),
            phase=SymptomPhase.CLEARED,
            recovering_at=None,
            cleared_at=now,
            adopted=bool(signal.adopted and symptom.came_at and signal.adopted >= symptom.came_at),
        )
    if symptom.phase is SymptomPhase.RECOVERING:
        return symptom
    return replace(_well(symptom, signal), phase=SymptomPhase.RECOVERING, recovering_at=now)


def _well(symptom: Symptom, signal: Signal) -> Symptom:
    """What a step shows follows from its own moment, not from who looked in between."""
    shown = refreshed(symptom, signal)
    return replace(shown, evidence=signal.evidence or symptom.first_evidence)


def refreshed(symptom: Symptom, signal: Signal) -> Symptom:
    """The symptom with what its signal says now."""
    return replace(
        symptom,
        seen=signal.seen,
        figure=signal.figure,
        n=signal.n,
        evidence=signal.evidence,
    )


def with_first_run(symptom: Symptom, before: Symptom | None) -> Symptom:
    """The symptom with the first bad run that an earlier state of the same spell knew."""
    if before is None or (symptom.came_at, symptom.since) != (before.came_at, before.since):
        return symptom
    first = before.first_bad
    if first is None or symptom.first_bad is None or symptom.first_bad.at <= first.at:
        return symptom
    # The others are what is known now: some of them may have been heard late.
    return replace(symptom, first_evidence=(*symptom.first_evidence[: MOST_EVIDENCE - 1], first))


def holding(policy: IncidentPolicy, returns: int) -> timedelta:
    """How long a symptom must stay well before it clears: nothing the first time."""
    if returns <= 0:
        return timedelta(0)
    doublings = min(returns - 1, 16)
    return min(policy.reopen, policy.hold * (1 << doublings))
