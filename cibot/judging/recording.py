"""Writes what came of a life: its incidents and their steps, over what was thought before.

Living a part anew may move, add or take back incidents. One that stands in the
store is known again by its kind and the time it began; what people did with it
(acknowledged it, were told of it) stays with it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cibot.health.facts import moment
from cibot.incidents.incident import Incident, Phase, Transition
from cibot.incidents.incidentrow import incident_from_row, incident_row
from cibot.incidents.tracker import IncidentKey, key_of
from cibot.judging.trackers import Lived
from cibot.store.engine import Tx
from cibot.store.incidents import (
    StoredIncident,
    StoredTransition,
    add_incident,
    add_transitions,
    changed_since,
    delete_incident,
    forget_steps,
    update_incident,
)

_NEAR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An incident as it is stored now; ``last`` is its last step in this pass, if it took one."""

    stored: StoredIncident
    incident: Incident
    last: Transition | None = None


def record(tx: Tx, ci_id: int, lived: Lived) -> list[Recorded]:
    """Stores the incidents of a CI; returns those that last or that changed, oldest first."""
    since = moment(lived.since)
    stepped = {step.incident.id for step in lived.steps if step.incident.id is not None}
    rows = {one.id: one for one in changed_since(tx, ci_id, since, stepped)}
    found = _found(lived, rows)
    known = _known(found, rows, since)
    gone = [one for one in rows.values() if one.id not in known.values() and _began(one) > since]
    taken: list[StoredTransition] = []
    recorded = [_take_back(tx, one, moment(lived.life.at), taken) for one in gone]
    if lived.again:
        forget_steps(tx, [*known.values()], since)
    for key, one in sorted(found.items(), key=lambda item: item[0]):
        row = rows.get(known.get(key, 0))
        steps = [step.transition for step in lived.steps if key_of(step.incident) == key]
        recorded.append(_store(tx, ci_id, one, row, steps))
        row_id = recorded[-1].stored.id
        taken += [StoredTransition(row_id, it.at, it.name, it.reason) for it in steps]
    add_transitions(tx, taken)
    for done in recorded:
        lasting = lived.life.incidents.get(done.incident.kind)
        if lasting is not None and key_of(lasting) == key_of(done.incident):
            lived.life.incidents[lasting.kind] = done.incident
    return recorded


def _found(lived: Lived, rows: Collection[int]) -> dict[IncidentKey, Incident]:
    """What stands at the end: the incidents that took a step, and those that last."""
    found = {key_of(step.incident): step.incident for step in lived.steps}
    newest = lived.life.incidents.values()
    return found | {key_of(one): one for one in newest if one.open or one.id in rows}


def _began(row: StoredIncident) -> datetime:
    read = _read(row)
    return read.began_at or read.opened_at or read.changed_at


def _known(
    found: dict[IncidentKey, Incident], rows: dict[int, StoredIncident], since: datetime
) -> dict[IncidentKey, int]:
    """Which row is which incident: by its id, by when it began, else the nearest."""
    known = {key: one.id for key, one in found.items() if one.id is not None}
    known = {key: row_id for key, row_id in known.items() if row_id in rows}
    free = {
        (_began(one), one.kind): one.id
        for one in rows.values()
        if one.id not in known.values() and _began(one) > since
    }
    for key in found:
        if key not in known and key in free:
            known[key] = free.pop(key)
    for key in sorted(found):
        if key in known or (found[key].began_at or since) <= since:
            continue
        near = [one for one in free if one[1] == key[1] and abs(one[0] - key[0]) <= _NEAR]
        if near:
            known[key] = free.pop(min(near, key=lambda one: abs(one[0] - key[0])))
    return known


def _take_back(
    tx: Tx, row: StoredIncident, at: datetime, taken: list[StoredTransition]
) -> Recorded:
    """What late comments did away with; what nobody was told of leaves no trace."""
    before = _read(row)
    if before.told is None or not before.told.count:
        delete_incident(tx, row.id)
        return Recorded(row, replace(before, phase=Phase.WITHDRAWN, told=None))
    said = "late comments show that it was not so"
    after = replace(before, phase=Phase.WITHDRAWN, resolved_at=at, changed_at=at, said=said)
    stored = _write(tx, row.ci_id, after, row)
    step = Transition("withdrawn", at, said, before.severity, told=True)
    if before.phase is not Phase.WITHDRAWN:
        taken.append(StoredTransition(row.id, at, step.name, said))
    return Recorded(stored, after, step)


def _store(
    tx: Tx, ci_id: int, one: Incident, row: StoredIncident | None, steps: Sequence[Transition]
) -> Recorded:
    incident = _with_people(one, _read(row)) if row else one
    stored = _write(tx, ci_id, incident, row)
    return Recorded(stored, replace(incident, id=stored.id), steps[-1] if steps else None)


def _with_people(one: Incident, before: Incident) -> Incident:
    """What people did with it stays with it."""
    one = replace(one, id=before.id, told=before.told)
    if before.acknowledged_by is None or before.reopened != one.reopened:
        return one
    return replace(
        one,
        phase=Phase.ACKNOWLEDGED if one.phase is Phase.FIRING else one.phase,
        acknowledged_by=before.acknowledged_by,
        acknowledged_at=before.acknowledged_at,
        note=before.note,
    )


def _read(row: StoredIncident) -> Incident:
    return incident_from_row(json.loads(row.body), row.id)


def _write(tx: Tx, ci_id: int, one: Incident, before: StoredIncident | None) -> StoredIncident:
    row = StoredIncident(
        before.id if before else 0,
        ci_id,
        one.kind,
        one.phase.value,
        one.opened_at,
        one.resolved_at,
        one.changed_at,
        json.dumps(incident_row(one), ensure_ascii=False, separators=(",", ":")),
        one.told is not None and one.told.count > 0,
    )
    if before is None:
        return replace(row, id=add_incident(tx, row))
    if row != before:
        update_incident(tx, row)
    return row


def rewrite(tx: Tx, one: Recorded, incident: Incident) -> Recorded:
    """Stores what telling changed."""
    return Recorded(_write(tx, one.stored.ci_id, incident, one.stored), incident, one.last)
