"""Stores a CI's incidents and their steps, and corrects those of an earlier judging.

Judging a part again may move, add or take back incidents. One that stands in the store
is recognised by its id, or by when it began; what people did with it (acknowledged it, were
notified of it) stays with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cibot.health.facts import counts, moment
from cibot.health.signal import MOST_EVIDENCE, Evidence, Family
from cibot.incidents.incident import Incident, Phase, Transition, merged, with_people
from cibot.incidents.stored import columns, read_incident, step_columns
from cibot.incidents.symptom import TO_A_MINUTE, Symptom
from cibot.judging.trackers import Advanced
from cibot.store.engine import Tx
from cibot.store.incidents import (
    StoredIncident,
    StoredTransition,
    add_incident,
    add_transitions,
    changed_since,
    delete_incident,
    forget_steps,
    merge_incident,
    update_incident,
)
from cibot.store.onsets import bad_runs_since
from cibot.store.outbox import move_messages
from cibot.store.reports import builds_of

_LOOKED_AT = 20  # bad runs of that time and later, for the first in a pipeline that counts
_NEAR = timedelta(days=7)
_Uncounted = Collection[str]  # words of names of pipelines that do not count


@dataclass(frozen=True, slots=True)
class Recorded:
    """An incident as it is stored now; ``last`` is its last step in this pass, if it took one."""

    stored: StoredIncident
    incident: Incident
    last: Transition | None = None


def record(tx: Tx, ci_id: int, advanced: Advanced, uncounted: _Uncounted) -> list[Recorded]:
    """Stores the incidents of a CI; returns those that last or that changed, oldest first."""
    since = moment(advanced.since)
    stepped = {step.incident.id for step in advanced.steps if step.incident.id is not None}
    rows = {row.id: row for row in changed_since(tx, ci_id, since, stepped)}
    stored = {row.id: _read(row) for row in rows.values()}
    current = _current(advanced, rows)
    ids = _recognised(current, stored, since)
    gone = [
        incident
        for row_id, incident in stored.items()
        if row_id not in ids.values() and incident.began_at > since
    ]
    recorded: list[Recorded] = []
    steps: list[StoredTransition] = []
    for incident in gone:
        covering = _covering(incident, current, ids)
        if covering is not None:
            stored[covering] = merged(stored[covering], incident)
            merge_incident(tx, incident.id or 0, covering)
            move_messages(tx, incident.id or 0, covering)
        else:
            recorded.append(
                _take_back(tx, rows[incident.id or 0], moment(advanced.tracker.at), steps)
            )
    if advanced.again:
        forget_steps(tx, [*ids.values()], since)
    for began, incident in sorted(current.items()):
        before = ids.get(began, 0)
        taken = [step.transition for step in advanced.steps if step.incident.began_at == began]
        if incident.phase is Phase.DROPPED:
            if before:
                delete_incident(tx, before)
            continue
        row, old = rows.get(before), stored.get(before)
        done = _store(tx, ci_id, incident, row, old, taken, uncounted)
        recorded.append(done)
        steps += [StoredTransition(done.stored.id, **step_columns(step)) for step in taken]
        newest = advanced.tracker.incident
        if newest is not None and newest.began_at == began:
            advanced.tracker.keep(with_people(newest, done.incident))
    add_transitions(tx, steps)
    return recorded


def _current(advanced: Advanced, rows: Collection[int]) -> dict[datetime, Incident]:
    """What stands at the end, by when it began: what took a step, and what lasts."""
    current = {step.incident.began_at: step.incident for step in advanced.steps}
    newest = advanced.tracker.shown()
    if newest is not None and (newest.open or newest.id in rows):
        current[newest.began_at] = newest
    return current


def _recognised(
    current: dict[datetime, Incident], stored: dict[int, Incident], since: datetime
) -> dict[datetime, int]:
    """Which row is which incident: by its id, else the earliest of its time, else the nearest."""
    ids = {
        began: incident.id
        for began, incident in current.items()
        if incident.id is not None and incident.id in stored
    }
    free = {
        row_id: incident
        for row_id, incident in stored.items()
        if row_id not in ids.values() and incident.began_at > since
    }
    for began in sorted(current):
        if began in ids or began <= since:
            continue
        same = [row_id for row_id, incident in free.items() if _overlaps(incident, current[began])]
        near = [
            row_id for row_id, incident in free.items() if abs(incident.began_at - began) <= _NEAR
        ]
        if same:
            ids[began] = min(same)
        elif near:
            ids[began] = min(near, key=lambda row_id: abs(free[row_id].began_at - began))
        free.pop(ids.get(began, 0), None)
    return ids


def _overlaps(incident: Incident, other: Incident) -> bool:
    """Whether two incidents have a moment in common."""
    return not (_ends_before(incident, other) or _ends_before(other, incident))


def _ends_before(incident: Incident, other: Incident) -> bool:
    return incident.resolved_at is not None and incident.resolved_at < other.began_at


def _covering(
    gone: Incident, current: dict[datetime, Incident], ids: dict[datetime, int]
) -> int | None:
    """The row of the incident that holds what was taken for another one before."""
    return next(
        (
            ids[began]
            for began, incident in sorted(current.items())
            if began in ids and incident.opened_at is not None and _overlaps(gone, incident)
        ),
        None,
    )


def _take_back(
    tx: Tx, row: StoredIncident, at: datetime, steps: list[StoredTransition]
) -> Recorded:
    """Withdraws what late comments disproved; an unannounced incident is deleted."""
    before = _read(row)
    if before.notified is None or not before.notified.count:
        delete_incident(tx, row.id)
        return Recorded(row, replace(before, phase=Phase.WITHDRAWN, notified=None))
    after = replace(before, phase=Phase.WITHDRAWN, resolved_at=at, changed_at=at)
    stored = put(tx, row.ci_id, after, row)
    step = Transition("withdrawn", at, before.severity)
    if before.phase is not Phase.WITHDRAWN:
        steps.append(StoredTransition(row.id, **step_columns(step)))
    return Recorded(stored, after, step)


def _store(
    tx: Tx,
    ci_id: int,
    incident: Incident,
    row: StoredIncident | None,
    before: Incident | None,
    steps: Sequence[Transition],
    uncounted: _Uncounted,
) -> Recorded:
    if before is not None:
        incident = with_people(incident, before)
    symptoms = tuple(
        _with_first_run(tx, ci_id, symptom, uncounted) for symptom in incident.symptoms
    )
    incident = replace(incident, symptoms=symptoms)
    stored = put(tx, ci_id, incident, row)
    return Recorded(stored, replace(incident, id=stored.id), steps[-1] if steps else None)


def _with_first_run(tx: Tx, ci_id: int, symptom: Symptom, uncounted: _Uncounted) -> Symptom:
    """The symptom with its first bad run, which a signal that saw many does not hold any more."""
    since, first = symptom.since, symptom.first_bad
    if symptom.family is not Family.RESULTS or None in (since, symptom.came_at, first):
        return symptom
    assert since is not None
    assert first is not None
    if first.at - since < TO_A_MINUTE:
        return symptom
    results = ("infra",) if symptom.signal == "infra" else ("fail",)
    runs = bad_runs_since(tx, ci_id, since, results, _LOOKED_AT)
    run = next((run for run in runs if counts(run.pipeline, uncounted)), None)
    if run is None or run.posted_at >= first.at:
        return symptom
    builds = builds_of(tx, [(run.change_id, run.seq)]).get((run.change_id, run.seq), ())
    bad = [build for build in builds if build.voting and build.result == run.result]
    job = next((build for build in bad if build.job == first.job), next(iter(bad), None))
    ran = (job.job, job.url) if job is not None else (None, None)
    place = (run.change_id, run.number, run.patch_set, run.posted_at)
    first_run = Evidence(first.fault, *place, *ran)
    return replace(
        symptom, first_evidence=(*symptom.first_evidence[: MOST_EVIDENCE - 1], first_run)
    )


def _read(row: StoredIncident) -> Incident:
    return read_incident(row.body, row.id)


def put(tx: Tx, ci_id: int, incident: Incident, before: StoredIncident | None) -> StoredIncident:
    """Stores an incident of a CI, in the place of the row that it had ``before``."""
    row = StoredIncident(before.id if before else 0, ci_id, **columns(incident))
    if before is None:
        return replace(row, id=add_incident(tx, row))
    if row != before:
        update_incident(tx, row)
    return row


def rewrite(tx: Tx, recorded: Recorded, incident: Incident) -> None:
    """Stores what a notification changed."""
    put(tx, recorded.stored.ci_id, incident, recorded.stored)
