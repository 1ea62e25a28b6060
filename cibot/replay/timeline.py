"""What would have been sent when: the steps of all CIs, with the notifier's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from cibot.incidents.incident import Incident, Phase
from cibot.incidents.inhibition import (
    Opening,
    Surroundings,
    breaks_results,
    common_breakage,
    opening,
)
from cibot.incidents.news import BEGINS, News, news_of, notified
from cibot.replay.run import Replayed
from cibot.store.cis import KnownCi


@dataclass(frozen=True, slots=True)
class ReplayedMessage:
    """A message that would have gone out; ``together`` is what it tells of, if of many CIs."""

    at: datetime
    ci: KnownCi
    incident: Incident
    news: News
    together: tuple[Opening, ...] = ()
    cis: int = 0  # that there are


class Timeline:
    """Goes through the steps in order of time; afterwards `incidents` knows what was sent."""

    def __init__(self, replayed: Replayed) -> None:
        self._replayed = replayed
        self.incidents: dict[int, dict[datetime, Incident]] = {}
        self._newest: dict[int, Incident] = {}
        self._openings: list[Opening] = []
        self._inhibited: set[int] = set()
        self._breakage: datetime | None = None

    def said(self) -> Iterator[ReplayedMessage]:
        """Every message, oldest first. What happens at one moment is one message."""
        steps = self._replayed.steps
        for (at, ci_id), moment in groupby(steps, lambda it: (it[1].transition.at, it[0].id)):
            for ci, step in moment:
                self._put(ci.id, step.incident)
                if step.transition.name in BEGINS:
                    self._openings.append(opening(ci.name, step.incident))
            for other in [ci_id, *sorted(self._inhibited - {ci_id})]:
                yield from self._send(self._replayed.cis[other], at)

    def _put(self, ci_id: int, incident: Incident) -> None:
        incidents = self.incidents.setdefault(ci_id, {})
        if incident.phase is Phase.DROPPED:
            incidents.pop(incident.began_at, None)
            self._newest.pop(ci_id, None)
            return
        before = incidents.get(incident.began_at)
        if before is not None and incident.notified is None:
            incident = replace(incident, notified=before.notified)
        self._newest[ci_id] = incidents[incident.began_at] = incident

    def _send(self, ci: KnownCi, now: datetime) -> Iterator[ReplayedMessage]:
        incident = self._newest.get(ci.id)
        self._inhibited.discard(ci.id)
        news = news_of(incident, self._around(ci.id, now), now) if incident else None
        if incident is None or news is None:
            return
        if news.inhibited is not None:
            self._inhibited.add(ci.id)
            return
        incident = notified(incident, news, loud=not news.quiet)
        self._put(ci.id, incident)
        if news.quiet:
            return
        cis = len(self._replayed.cis)
        together: tuple[Opening, ...] = ()
        if news.step.name in BEGINS:
            broken = common_breakage(self._openings[-500:], cis, now, self._pending())
            if broken is not None:
                if broken[0].at == self._breakage:
                    return  # it was sent with the first of them
                self._breakage = broken[0].at
                together = broken
        yield ReplayedMessage(now, ci, incident, news, together, cis)

    def _pending(self) -> list[Opening]:
        return [
            opening(self._replayed.cis[ci_id].name, incident)
            for ci_id, incident in self._newest.items()
            if incident.phase is Phase.PENDING
        ]

    def _around(self, ci_id: int, now: datetime) -> Surroundings:
        references = self._references(ci_id, now)
        others = references - {ci_id}
        return Surroundings(
            is_reference=ci_id in references,
            alone=not others,
            reference_broken=any(
                breaks_results(self._newest[other]) for other in others if other in self._newest
            ),
        )

    def _references(self, ci_id: int, now: datetime) -> set[int]:
        at = now.timestamp()
        known = (
            self._replayed.references.periods_of(project).at(at)
            for project in self._replayed.home_projects.get(ci_id, ())
        )
        return {ci for ci in known if ci is not None}
