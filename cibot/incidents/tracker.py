"""A CI's life: what happens to it, how it is judged by that, and the incidents that come of it.

Pure and the same for the same inputs, whoever lived through them when. Times are
the messages' own; seconds of the epoch here, datetimes in incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cibot.config.policy import Policy
from cibot.health.facts import moment
from cibot.health.inputs import Due, Heard, Input
from cibot.health.judge import Gauge, Judge
from cibot.health.signal import Standing
from cibot.incidents.incident import Incident, Phase, Transition, holding, is_bad, step
from cibot.incidents.incidentrow import incident_from_row, incident_row
from cibot.model import State

IncidentKey = tuple[datetime, str]
"""Which incident of a CI it is: when it began, and its kind."""


def key_of(incident: Incident) -> IncidentKey:
    """By what an incident is known that has no id yet."""
    return (incident.began_at or incident.changed_at, incident.kind)


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One step of an incident, which is shown as it was after the step."""

    incident: Incident
    transition: Transition


class Life:
    """The judge of one CI and its newest incident of each kind, up to the time ``at``."""

    def __init__(self, policy: Policy) -> None:
        self.judge = Judge(policy)
        self.at = 0.0
        self.incidents: dict[str, Incident] = {}
        self.steps: list[LifeStep] = []  # since somebody emptied it
        self._policy = policy.incident
        self._recovering: list[str] = []
        self._gauges: Mapping[str, Gauge] = {one.name: one for one in self.judge.accusing}

    def live(self, inputs: Iterable[Input], until: float) -> None:
        """Takes in what happened after ``at``, in order of time, and lets time pass.

        What is due at ``until`` itself waits: something may yet happen at that moment.
        """
        judge = self.judge
        alarm = judge.next_alarm
        for one in inputs:
            if alarm is not None and alarm < one.at:
                alarm = self._ring(one.at)
            gauges = judge.take(one)
            if isinstance(one, Heard | Due):
                alarm = judge.next_alarm
            self._look(gauges, one.at)
            if self._recovering:
                self._look_after(one.at)
        self._ring(until)
        self.at = max(self.at, until)

    def settle(self) -> None:
        """Brings what lasts up to date: its evidence is that of now."""
        for kind, one in self.incidents.items():
            if one.open and one.phase is not Phase.PENDING:
                signal = self._gauges[kind].signal(self.at)
                if is_bad(signal):
                    self.incidents[kind] = replace(
                        one,
                        said=signal.said,
                        figure=signal.figure,
                        n=signal.n,
                        evidence=signal.evidence,
                    )

    def _ring(self, until: float) -> float | None:
        while (alarm := self.judge.next_alarm) is not None and alarm < until:
            self._look(self.judge.ring(alarm), alarm)
        return alarm

    def _look_after(self, at: float) -> None:
        """Who is recovering may have stayed well for long enough."""
        self._look([self._gauges[kind] for kind in self._recovering], at)

    def _look(self, gauges: Iterable[Gauge], at: float) -> None:
        for gauge in gauges:
            before = self.incidents.get(gauge.name)
            lasts = before is not None and before.open
            standing = gauge.standing(at, lasts)
            if not self._moves(before if lasts else None, standing, at):
                continue
            after, transition = step(before, gauge.signal(at), moment(at), self._policy)
            if after is None:
                continue
            self._keep(after)
            if transition is not None:
                self.steps.append(LifeStep(after, transition))

    def _keep(self, incident: Incident) -> None:
        self.incidents[incident.kind] = incident
        self._recovering = [
            kind for kind, one in self.incidents.items() if one.phase is Phase.RECOVERING
        ]

    def _moves(self, lasts: Incident | None, standing: Standing, at: float) -> bool:
        """Whether a step is taken, so that words and evidence are worth while."""
        if lasts is None:
            return standing.bad or standing.rising
        if standing.verdict is State.UNKNOWN:
            return False
        if lasts.phase is Phase.PENDING:
            return standing.bad or not standing.rising
        if standing.bad:
            worse = standing.verdict.rank < lasts.severity.rank
            return worse or lasts.phase is Phase.RECOVERING
        if lasts.phase is not Phase.RECOVERING:
            return True
        began = lasts.recovering_at or moment(at)
        return standing.clears and moment(at) - began >= holding(self._policy, lasts.reopened)

    def row(self) -> dict[str, Any]:
        """Its state as plain JSON values; the steps are not part of it."""
        incidents = [[one.id, incident_row(one)] for one in self.incidents.values()]
        return {"at": self.at, "judge": self.judge.row(), "incidents": incidents}

    @staticmethod
    def name_incidents(row: Mapping[str, Any], ids: Mapping[IncidentKey, int]) -> None:
        """Gives the incidents in what `row` gave the ids that they were stored under since."""
        for one in row["incidents"]:
            if one[0] is None:
                one[0] = ids.get(key_of(incident_from_row(one[1], None)))

    @classmethod
    def of(cls, policy: Policy, row: Mapping[str, Any]) -> Life:
        """Reads what `row` gave; KeyError, TypeError or ValueError on anything else."""
        life = cls(policy)
        life.at = float(row["at"])
        life.judge.read(row["judge"])
        for known, values in row["incidents"]:
            incident = incident_from_row(values, known)
            life._keep(incident)
        return life
