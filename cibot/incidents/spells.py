"""When each signal accused a CI, and how badly: a spell from its beginning to its end. Pure.

A spell begins where the trouble began, as its signal has it, and where a signal gets worse.
It ends when the signal does not accuse any more. Times are seconds of the epoch.
"""

from __future__ import annotations

from typing import NamedTuple

from cibot.health.state import Stored, same, state, table
from cibot.incidents.incident import Incident
from cibot.model import State


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
            new = symptom.came_at is not None and symptom.came_at.timestamp() == at
            began = symptom.began.timestamp() if new and symptom.began else at
            since = max(min(began, at), self._until.get(signal, began))
            self.open[signal] = Spell(signal, symptom.severity, since)
