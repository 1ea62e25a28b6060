"""The tracker of a CI: its judge, and the incident that comes of what happens to it.

Pure and the same for the same inputs, whenever they are taken in. Times are
the messages' own; seconds of the epoch here, datetimes in incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from cibot.config.judgement import Policy
from cibot.health.facts import moment
from cibot.health.inputs import Due, Heard, Input
from cibot.health.judge import Judge
from cibot.health.kind import Gauge, Reading
from cibot.health.rollup import ChangePlace
from cibot.health.state import Stored, same, state, table
from cibot.incidents.incident import Incident, Transition, put_symptom, step
from cibot.incidents.stored import incident_values, read_values
from cibot.incidents.symptom import Symptom, SymptomPhase, holding, refreshed
from cibot.model import State

_ALARMING = frozenset({Heard, Due})  # inputs after which another thing is due next


class Spell(NamedTuple):
    """A time in which a signal accused; ``until`` is None while it does."""

    signal: str
    state: State
    since: float
    until: float | None = None


class Spells(Stored):
    """The open spells of a CI, and those that ended since somebody emptied ``ended``."""

    STATE = state(
        open=table(same, lambda spell: Spell(spell[0], State(spell[1]), *spell[2:])), _until=dict
    )

    def __init__(self) -> None:
        self.open: dict[str, Spell] = {}
        self.ended: list[Spell] = []
        self._until: dict[str, float] = {}  # of each signal's last spell

    def look(self, incident: Incident, at: float) -> None:
        """Takes in the CI's incident as it is at that time."""
        firing = {
            symptom.signal: symptom
            for symptom in incident.symptoms
            if incident.open and symptom.fires
        }
        for signal, spell in list(self.open.items()):
            now = firing.get(signal)
            if now is None or now.severity is not spell.state:
                del self.open[signal]
                self._until[signal] = at
                if spell.since < at:
                    self.ended.append(spell._replace(until=at))
        for signal, symptom in firing.items():
            if signal in self.open:
                continue
            new = symptom.came_at == moment(at)
            began = symptom.began.timestamp() if new and symptom.began else at
            since = max(min(began, at), self._until.get(signal, began))
            self.open[signal] = Spell(signal, symptom.severity, since)


@dataclass(frozen=True, slots=True)
class IncidentStep:
    """One step of an incident, which is shown as it was after the step."""

    incident: Incident
    transition: Transition


class Tracker:
    """The judge of one CI and its newest incident, up to the time ``at``."""

    def __init__(self, policy: Policy) -> None:
        self.judge = Judge(policy)
        self.at = 0.0
        self.incident: Incident | None = None
        self.steps: list[IncidentStep] = []  # since `begin`
        self.decided: list[IncidentStep] = []  # no steps: it is known now who is at fault
        self.spells = Spells()
        self._policy = policy.incident
        self._symptoms: dict[str, Symptom] = {}  # those of the incident, while it is open
        self._recovering: list[str] = []
        self._gauges: Mapping[str, Gauge] = {gauge.name: gauge for gauge in self.judge.accusing}

    def begin(self) -> None:
        """Forgets what was found out until now; what is found out from now on is kept."""
        self.steps, self.decided = [], []
        self.spells.ended = []
        self.judge.rollup.begin(self.at)

    def advance(
        self,
        inputs: Iterable[Input],
        until: float,
        places: Mapping[int, ChangePlace] = MappingProxyType({}),
    ) -> None:
        """Takes in what happened after ``at``, in order of time, and lets time pass.

        What is due at ``until`` itself waits: something may yet happen at that moment.
        ``places`` has the changes that the inputs speak of.
        """
        judge = self.judge
        judge.rollup.places = places
        alarm = judge.next_alarm
        for ended in inputs:
            if alarm is not None and alarm < ended.at:
                alarm = self._ring(ended.at)
            gauges = judge.take(ended)
            if type(ended) in _ALARMING:
                alarm = judge.next_alarm
            if gauges:
                self._look(gauges, ended.at)
            if self._recovering:  # they may have stayed well for long enough
                self._look([self._gauges[signal] for signal in self._recovering], ended.at)
        self._ring(until)
        judge.rollup.places = {}  # of thirty CIs that write all the time they are megabytes
        self.at = max(self.at, until)

    def shown(self) -> Incident | None:
        """The incident with what its symptoms say now: steps show what they said then."""
        return self.incident and self._shown(self.incident, self.at)

    def _shown(self, incident: Incident, at: float) -> Incident:
        if not incident.open:
            return incident
        for symptom in incident.standing:
            now = refreshed(symptom, self._gauges[symptom.signal].signal(at))
            incident = put_symptom(incident, now)
        return incident

    def _ring(self, until: float) -> float | None:
        while (alarm := self.judge.next_alarm) is not None and alarm < until:
            self._look(self.judge.ring(alarm), alarm)
        return alarm

    def _look(self, gauges: Iterable[Gauge], at: float) -> None:
        for gauge in gauges:
            symptom = self._symptoms.get(gauge.name)
            if symptom is None or symptom.phase is SymptomPhase.CLEARED:
                standing = gauge.standing(at, False)
                if not (standing.verdict.bad or standing.rising):
                    continue
            elif not self._moves(symptom, gauge.standing(at, True), at):
                if symptom.undecided:
                    self._decide(refreshed(symptom, gauge.signal(at)), at)
                continue
            before = self.incident
            after, transition = step(before, gauge.signal(at), moment(at), self._policy)
            if after is None or after is before:
                continue
            self.keep(after)
            self.spells.look(after, at)
            if transition is not None:
                self.steps.append(IncidentStep(self._shown(after, at), transition))

    def _decide(self, symptom: Symptom, at: float) -> None:
        """Notes when a symptom that did not accuse the CI does: it may be news by now."""
        if self.incident is not None and symptom.accuses:
            self.keep(put_symptom(self.incident, symptom))
            transition = Transition("decided", moment(at), symptom.severity, symptom.signal)
            self.decided.append(IncidentStep(self.incident, transition))

    def keep(self, incident: Incident) -> None:
        """Goes on with this incident."""
        self.incident = incident
        symptoms = incident.symptoms if incident.open else ()
        self._symptoms = {symptom.signal: symptom for symptom in symptoms}
        self._recovering = [
            symptom.signal for symptom in symptoms if symptom.phase is SymptomPhase.RECOVERING
        ]

    def _moves(self, lasts: Symptom, standing: Reading, at: float) -> bool:
        """Whether a symptom changes, so that words and evidence are worth while."""
        if lasts.phase is SymptomPhase.PENDING:
            return standing.bad or not standing.rising
        if standing.verdict is State.UNKNOWN:
            return False
        if standing.bad:
            worse = standing.verdict.rank < lasts.severity.rank
            return worse or lasts.phase is SymptomPhase.RECOVERING
        if lasts.phase is not SymptomPhase.RECOVERING:
            return True
        began = lasts.recovering_at or moment(at)
        reopened = self.incident.reopened if self.incident else 0
        held = holding(self._policy, max(lasts.returns, reopened))
        return standing.clears and moment(at) - began >= held

    def row(self) -> dict[str, Any]:
        """Its state as plain JSON values; the steps are not part of it."""
        incident = None if self.incident is None else incident_values(self.incident)
        return {
            "at": self.at,
            "judge": self.judge.row(),
            "incident": incident,
            "spells": self.spells.row(),
        }

    @staticmethod
    def named(row: dict[str, Any], ids: Mapping[datetime, int]) -> dict[str, Any]:
        """What `row` gave, its incident with the id that it was stored under since."""
        incident = row["incident"]
        if incident is not None and incident["id"] is None:
            incident["id"] = ids.get(datetime.fromisoformat(incident["began_at"]))
        return row

    @classmethod
    def of(cls, policy: Policy, row: Mapping[str, Any]) -> Tracker:
        """Reads what `row` gave; KeyError, TypeError or ValueError on anything else."""
        tracker = cls(policy)
        tracker.at = float(row["at"])
        tracker.judge.read(row["judge"])
        tracker.spells.read(row["spells"])
        if row["incident"] is not None:
            tracker.keep(read_values(row["incident"]))
        return tracker
