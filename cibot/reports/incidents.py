"""Open and ended incidents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cibot.errors import UserError
from cibot.health.seen import LastHeard, Seen
from cibot.health.signal import BranchHealth, Evidence, Family
from cibot.incidents import incident as pure_incident
from cibot.incidents.routing import concerned
from cibot.incidents.signal_words import plain, step_words
from cibot.incidents.stored import read_incident, read_seen
from cibot.incidents.symptom import SymptomPhase, family_of, result_symptom
from cibot.model import State, Window
from cibot.reports.context import Context, same_fields
from cibot.reports.onset import Onset, onset_of
from cibot.reports.signals import Sighting
from cibot.store.changes import changes_by_number, has_namesakes
from cibot.store.cis import ci_names, server_urls
from cibot.store.engine import Tx
from cibot.store.incidents import (
    StoredIncident,
    incident_by_id,
    incidents_during,
    incidents_of,
    transitions_of,
)

ENDED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SymptomView(Sighting):
    """What one signal says in an incident.

    ``state`` is pending, firing, recovering or cleared; ``severity`` its worst verdict since it
    came. ``first_bad`` is the first bad run that is known, ``evidence`` what it rests on now.
    """

    signal: str
    state: str
    severity: State
    since: datetime | None
    came_at: datetime | None
    cleared_at: datetime | None
    figure: float | None
    n: int
    first_bad: Evidence | None
    evidence: tuple[Evidence, ...]
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class IncidentLine(Sighting):
    """The trouble of a CI, from when it was noticed until it was over.

    ``state`` is pending, firing, acknowledged, recovering or resolved; ``kind`` is the signal
    that explains most of it and ``seen`` what that saw; ``severity`` is that of the worst of
    its ``symptoms``, of which there is one for each signal that accused. ``first_bad`` is the
    first bad run of its symptom of the results, ``project`` its change's, where several
    changes have that number.
    """

    id: int
    ci: str
    kind: str
    state: str
    opened_at: datetime | None
    resolved_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    page: str | None
    severity: State = State.FAILING
    since: datetime | None = None
    symptoms: tuple[SymptomView, ...] = ()
    seen: Seen | None = None
    first_bad: Evidence | None = None
    project: str | None = None

    @property
    def began(self) -> datetime | None:
        """When the trouble began, as its alert says; None while it has not opened."""
        return (self.since or self.opened_at) if self.opened_at is not None else None

    @property
    def of_results(self) -> bool:
        """Whether the results are in trouble now, and do not only recover beside another one."""
        firing = [each.signal for each in self.symptoms if each.state == SymptomPhase.FIRING]
        return any(family_of(signal) is Family.RESULTS for signal in (self.kind, *firing))

    def lasted(self, now: datetime) -> timedelta:
        """How long the trouble lasted, or lasts until ``now``; nothing where it never opened."""
        end = self.resolved_at or now
        return end - (self.began or end)


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One step of an incident: the signal of the symptom that took it and what that saw.

    ``by`` and ``note`` are of the person who took it.
    """

    at: datetime
    name: str
    signal: str | None = None
    seen: Seen | None = None
    by: str | None = None
    note: str | None = None

    @property
    def reason(self) -> str:
        """Why, in words."""
        return plain(step_words(self.name, self.seen, self.by, self.note))


@dataclass(frozen=True, slots=True)
class IncidentTimeline:
    """One incident, its steps, oldest first, and what it rested on first and rests on now.

    ``onset`` is how it began, None where it is not of a CI's results.
    """

    incident: IncidentLine
    steps: tuple[TimelineStep, ...]
    first_evidence: tuple[Evidence, ...]
    evidence: tuple[Evidence, ...]
    onset: Onset | None = None


def incidents(
    tx: Tx, ctx: Context, *, ended: bool = False, limit: int = 100
) -> tuple[IncidentLine, ...]:
    """The open incidents, newest first; with ``ended`` then those of the last seven days."""
    since = ctx.now - ENDED_WITHIN if ended else None
    stored = incidents_of(tx, resolved_since=since, limit=limit)
    stored.sort(key=lambda row: row.resolved_at is not None)
    return read_incidents(tx, ctx, stored)


def incidents_since(
    tx: Tx, ctx: Context, since: datetime, ci_id: int | None = None
) -> tuple[IncidentLine, ...]:
    """The open incidents, of one CI or of all, and those that ended since then, newest first."""
    return read_incidents(tx, ctx, incidents_of(tx, ci_id, resolved_since=since))


def incidents_in(tx: Tx, ctx: Context, window: Window) -> tuple[IncidentLine, ...]:
    """The incidents that were open at any moment of a window, newest first."""
    return read_incidents(tx, ctx, incidents_during(tx, window.since, window.until))


def concerns(
    incident: IncidentLine, health: Sequence[BranchHealth], branches: Collection[str] | None
) -> bool:
    """Whether an incident concerns one of ``branches`` (None: any); ``health`` is its CI's."""
    if branches is None:
        return True
    signals = {symptom.signal for symptom in incident.symptoms if symptom.came_at is not None}
    return not concerned(signals, health).isdisjoint(branches)


def read_incidents(
    tx: Tx,
    ctx: Context,
    stored: Iterable[StoredIncident],
    names: Mapping[int, str] | None = None,
    namesakes: bool | None = None,
) -> tuple[IncidentLine, ...]:
    """Stored incidents as faces show them, in their order; those of forgotten CIs are left out.

    ``names`` of CIs by id and ``namesakes``, as `has_namesakes`, are for callers that have them.
    """
    names = dict(ci_names(tx)) if names is None else names
    lines = tuple(_incident(ctx, names[row.ci_id], row) for row in stored if row.ci_id in names)
    if not lines or not (has_namesakes(tx) if namesakes is None else namesakes):
        return lines
    return tuple(
        replace(line, project=distinguished(tx, run.number, run.change_id).get("project"))
        if (run := line.first_bad)
        else line
        for line in lines
    )


def open_by_ci(
    tx: Tx, ctx: Context, ci_id: int | None = None
) -> dict[int, tuple[IncidentLine, ...]]:
    """The open incidents of one CI or of all, by the CI's id."""
    names = dict(ci_names(tx))
    by_ci: dict[int, tuple[IncidentLine, ...]] = {}
    rows = [row for row in incidents_of(tx, ci_id) if row.ci_id in names]
    for row, line in zip(rows, read_incidents(tx, ctx, rows, names), strict=True):
        by_ci[row.ci_id] = (*by_ci.get(row.ci_id, ()), line)
    return by_ci


def incident(tx: Tx, ctx: Context, incident_id: int) -> IncidentTimeline:
    """One incident with its timeline; UserError when there is none.

    The number of one that was merged into another is that one's too.
    """
    stored = incident_by_id(tx, incident_id)
    lines = read_incidents(tx, ctx, [stored] if stored else [])
    if stored is None or not lines:
        raise UserError(f"There is no incident #{incident_id}.")
    steps = tuple(
        TimelineStep(step.at, step.name, step.signal, read_seen(step.seen), step.made_by, step.note)
        for step in transitions_of(tx, stored.id)
    )
    pure = _pure(stored)
    return IncidentTimeline(
        lines[0],
        steps,
        pure.first_evidence if pure else (),
        pure.cause.evidence if pure else (),
        _onset(tx, ctx, stored),
    )


def onset_of_ci(tx: Tx, ctx: Context, ci_id: int) -> Onset | None:
    """How the open trouble of a CI began."""
    return next((_onset(tx, ctx, stored) for stored in incidents_of(tx, ci_id, limit=1)), None)


def _onset(tx: Tx, ctx: Context, stored: StoredIncident) -> Onset | None:
    pure = _pure(stored)
    return onset_of(tx, ctx, stored.ci_id, pure) if pure else None


def as_of(now: datetime, seen: Seen | None) -> Seen | None:
    """The same, a silence up to now and not up to when it was judged."""
    if not isinstance(seen, LastHeard) or seen.heard_at is None:
        return seen
    return replace(seen, quiet=now - seen.heard_at)


def _incident(ctx: Context, ci: str, stored: StoredIncident) -> IncidentLine:
    pure = _pure(stored)
    cause = pure.cause if pure else None
    until = stored.resolved_at or ctx.now  # of one that was withdrawn, no symptom is cleared
    bad = result_symptom(pure.standing or pure.symptoms) if pure else None
    return IncidentLine(
        id=stored.id,
        ci=ci,
        kind=cause.signal if cause else "unknown",
        state=stored.state,
        opened_at=stored.opened_at,
        resolved_at=stored.resolved_at,
        seen=as_of(cause.cleared_at or until, cause.seen) if cause else None,
        acknowledged_by=pure.acknowledged_by if pure else None,
        note=pure.note if pure else None,
        page=ctx.page("incidents", stored.id),
        severity=State(stored.severity),
        since=cause.since if cause else None,
        symptoms=tuple(
            SymptomView(
                state=symptom.phase.value,
                **same_fields(SymptomView, symptom)
                | {"seen": as_of(symptom.cleared_at or until, symptom.seen)},
            )
            for symptom in (pure.symptoms if pure else ())
        ),
        first_bad=bad.first_bad if bad else None,
    )


def _pure(stored: StoredIncident) -> pure_incident.Incident | None:
    """The incident that was stored; None where another version of cibot wrote it."""
    try:
        return read_incident(stored.body, stored.id)
    except ValueError:
        return None


def distinguished(
    tx: Tx, number: int, change_id: int | None = None, project: str | None = None
) -> dict[str, str]:
    """``project`` and ``server`` of the change, where its number alone is not enough."""
    rows = changes_by_number(tx, number)
    if len(rows) < 2:
        return {}
    meant = [row for row in rows if row.id == change_id or row.project == project]
    if not meant:
        return {}
    return {"project": meant[0].project, "server": server_urls(tx)[meant[0].server_id][0]}
