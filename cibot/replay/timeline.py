"""What would have been sent when: the steps of all CIs, with the notifier's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from cibot.incidents.incident import Incident, Phase
from cibot.incidents.news import Surroundings, breaks_results, news_of, notified
from cibot.replay.mass import Gathered, ReplayedMessage, Which
from cibot.replay.run import Replayed
from cibot.store.cis import KnownCi

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Timeline:
    """Goes through the steps in order of time; afterwards `incidents` knows what was sent."""

    def __init__(self, replayed: Replayed) -> None:
        self._replayed = replayed
        self.incidents: dict[int, dict[datetime, Incident]] = {}
        self._newest: dict[int, Incident] = {}
        self._inhibited: set[int] = set()
        self._at = _BEFORE_ALL
        self._gathered = Gathered(replayed.cis, self._incident)

    def said(self) -> Iterator[ReplayedMessage]:
        """Every message, oldest first. What happens at one moment is one message."""
        steps = self._replayed.steps
        for (at, ci_id), moment in groupby(
            steps, lambda ci_step: (ci_step[1].transition.at, ci_step[0].id)
        ):
            yield from self._settle(at)
            for ci, step in moment:
                self._put(ci.id, step.incident)
            for other in [ci_id, *sorted(self._inhibited - {ci_id})]:
                yield from self._send(self._replayed.cis[other], at)
        yield from self._settle(None)

    def _settle(self, until: datetime | None) -> Iterator[ReplayedMessage]:
        """What was gathered and is due before then."""
        while (due := self._gathered.due(self._at)) and (until is None or due < until):
            yield from self._gathered.settle(due)
            self._at = due
        self._at = until or self._at

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
        before = incident.notified
        incident = notified(incident, news, loud=not news.quiet)
        self._put(ci.id, incident)
        if news.quiet:
            return
        message = ReplayedMessage(now, ci, incident, news)
        newest = [
            (ci_id, incident.began_at) for ci_id, incident in self._newest.items() if incident.open
        ]
        if not self._gathered.takes(message, before, newest):
            yield message
            return
        yield from self._gathered.settle(now)

    def _incident(self, which: Which) -> Incident | None:
        ci_id, began = which
        incident = self.incidents.get(ci_id, {}).get(began)
        return None if incident is None or incident.phase is Phase.WITHDRAWN else incident

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
        references = (
            self._replayed.references.periods_of(project).at(at)
            for project in self._replayed.home_projects.get(ci_id, ())
        )
        return {ci for ci in references if ci is not None}
