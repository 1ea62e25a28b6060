"""What would have been said when: the steps of all CIs, told as the bot tells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from cibot.incidents.incident import Incident, Phase, Transition
from cibot.incidents.inhibition import Opening, Surroundings, common_breakage, opening, over_of
from cibot.incidents.news import decide, knowing
from cibot.replay.run import Replayed
from cibot.store.cis import KnownCi

_FIRES = (Phase.FIRING, Phase.ACKNOWLEDGED)
_Key = tuple[str, datetime]


@dataclass(frozen=True, slots=True)
class Said:
    """A message that would have gone out; ``together`` is what it tells of, if of many CIs."""

    at: datetime
    ci: KnownCi
    incident: Incident
    step: Transition
    together: tuple[Opening, ...] = ()
    cis: int = 0  # that there are
    lasts: Incident | None = None


class Timeline:
    """Goes through the steps in order of time; afterwards `incidents` knows what was told."""

    def __init__(self, replayed: Replayed) -> None:
        self._replayed = replayed
        self.incidents: dict[int, dict[_Key, Incident]] = {}
        self._open: dict[int, dict[str, Incident]] = {}
        self._openings: list[Opening] = []
        self._kept_back: set[int] = set()
        self._breakage: datetime | None = None

    def said(self) -> Iterator[Said]:
        """Every message, oldest first."""
        for ci, life_step in self._replayed.steps:
            at = life_step.transition.at
            self._put(ci.id, life_step.incident)
            if life_step.transition.name in ("opened", "reopened"):
                self._openings.append(opening(ci.name, life_step.incident))
            for other in [ci.id, *sorted(self._kept_back - {ci.id})]:
                yield from self._tell(self._replayed.cis[other], at)

    def _put(self, ci_id: int, incident: Incident) -> None:
        before = self._open.setdefault(ci_id, {}).get(incident.kind)
        if before is not None and _began(before) == _began(incident):
            incident = knowing_as(incident, before)
        self._open[ci_id][incident.kind] = incident
        self.incidents.setdefault(ci_id, {})[incident.kind, _began(incident)] = incident

    def _tell(self, ci: KnownCi, now: datetime) -> Iterator[Said]:
        around = self._around(ci.id, now)
        self._kept_back.discard(ci.id)
        for one in decide(self._open[ci.id].values(), around, now):
            if one.kept_back is not None:
                self._kept_back.add(ci.id)
                continue
            told = knowing(one.incident, one.step, loud=not one.quiet)
            self._put(ci.id, told)
            if one.quiet:
                continue
            together: tuple[Opening, ...] = ()
            if one.step.name in ("opened", "reopened"):
                broken = common_breakage(self._openings[-500:], len(self._replayed.cis), now)
                if broken is not None:
                    if broken[0].at == self._breakage:
                        continue  # it was told with the first of them
                    self._breakage = broken[0].at
                    together = broken
            yield Said(now, ci, told, one.step, together, len(self._replayed.cis), one.lasts)

    def _around(self, ci_id: int, now: datetime) -> Surroundings:
        own = self._open[ci_id]
        references = self._references(ci_id, now)
        return Surroundings(
            is_reference=ci_id in references,
            alone=not references - {ci_id},
            reference_broken=any(
                one.kind in ("success", "level") and one.phase in _FIRES
                for reference in references - {ci_id}
                for one in self._open.get(reference, {}).values()
            ),
            silent=any(one.kind == "silent" and one.phase in _FIRES for one in own.values()),
            over=over_of(own.values(), now),
        )

    def _references(self, ci_id: int, now: datetime) -> set[int]:
        at = now.timestamp()
        known = (
            self._replayed.references.at(one, at) for one in self._replayed.homes.get(ci_id, ())
        )
        return {one for one in known if one is not None}


def knowing_as(incident: Incident, before: Incident) -> Incident:
    """The incident with what people know of it, unless that is newer already."""
    if incident.told is not None:
        return incident

    return replace(incident, told=before.told)


def _began(incident: Incident) -> datetime:
    return incident.began_at or incident.changed_at
