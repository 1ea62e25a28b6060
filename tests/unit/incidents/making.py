"""Signals, symptoms and incidents for the tests of incidents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cibot.config.policy import IncidentPolicy
from cibot.health.seen import EarlierWords, Fault
from cibot.health.signal import Evidence, Signal
from cibot.incidents.incident import Incident, Phase, step
from cibot.incidents.signal_words import said
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.model import State
from tests.unit.health.facts import HOUR, NOW

POLICY = IncidentPolicy()
SEEN = (Evidence(Fault.FAILED, 1, 1, 1, NOW),)
GOOD = Signal("success", State.HEALTHY, clears=True, seen=EarlierWords("30 of 30 passed"))
BORDER = Signal("success", State.HEALTHY, seen=EarlierWords("25 of 31 passed"))
HALF = Signal("success", State.HEALTHY, rising=True)
BAD = Signal("success", State.DEGRADED, 0.6, 0.5, 0.7, 40, EarlierWords("24 of 40 passed"), SEEN)
WORSE = replace(BAD, verdict=State.FAILING, seen=EarlierWords("9 of 40 passed"))
UNKNOWN = Signal("success", State.UNKNOWN)


def of(name: str, signal: Signal) -> Signal:
    """The same reading by another signal."""
    return replace(signal, name=name, seen=EarlierWords(f"{name}: {said(signal.seen)}"))


def silent(signal: Signal = BAD) -> Signal:
    """The reading as the silence says it."""
    verdict = State.SILENT if signal.verdict.bad else signal.verdict
    return replace(of("silent", signal), verdict=verdict)


def live(
    *signals: Signal,
    start: Incident | None = None,
    since: datetime = NOW,
    every: timedelta = HOUR,
) -> tuple[Incident | None, list[str]]:
    """Steps through the signals an hour apart; the incident and the names of the steps."""
    incident, names = start, []
    for i, signal in enumerate(signals):
        incident, taken = step(incident, signal, since + i * every, POLICY)
        if taken:
            names.append(taken.name)
    return incident, names


def symptom(
    signal: str = "success",
    severity: State = State.DEGRADED,
    phase: SymptomPhase = SymptomPhase.FIRING,
    **fields: Any,
) -> Symptom:
    """A symptom that fires since `NOW`, and began an hour before."""
    usual: dict[str, Any] = {
        "since": NOW - HOUR,
        "came_at": NOW,
        "seen": EarlierWords(f"{signal} is bad"),
    }
    return Symptom(signal, phase, severity, **usual | fields)


def cleared(symptom: Symptom, at: datetime) -> Symptom:
    """The symptom when it is over."""
    seen = EarlierWords(f"{symptom.signal} is well")
    return replace(symptom, phase=SymptomPhase.CLEARED, cleared_at=at, seen=seen)


def incident(*symptoms: Symptom, **fields: Any) -> Incident:
    """An open incident with these symptoms; over where all of them are."""
    all_symptoms = symptoms or (symptom(),)
    over = all(symptom.phase is SymptomPhase.CLEARED for symptom in all_symptoms)
    ends = [symptom.cleared_at for symptom in all_symptoms if symptom.cleared_at is not None]
    usual: dict[str, Any] = {
        "opened_at": NOW,
        "resolved_at": max(ends) if over else None,
        "id": 5,
    }
    phase = Phase.RESOLVED if over else Phase.FIRING
    return Incident(NOW, phase, NOW, all_symptoms, **usual | fields)


def names_of(symptoms: Iterable[Symptom]) -> list[str]:
    """The signals of symptoms."""
    return [symptom.signal for symptom in symptoms]
