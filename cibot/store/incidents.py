"""Rows of health, incidents and their transitions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, insert_one, insert_rows, overwrite, values_of


@dataclass(frozen=True, slots=True)
class StoredHealth:
    """How a CI was when it was last assessed; ``signals`` and ``branches`` are JSON."""

    ci_id: int
    state: str
    since: datetime | None
    assessed_at: datetime
    signals: str
    branches: str | None = None


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """An incident; ``body`` is JSON of the pure one."""

    id: int
    ci_id: int
    state: str
    severity: str
    opened_at: datetime | None
    resolved_at: datetime | None
    changed_at: datetime
    body: str
    notified: bool = False


@dataclass(frozen=True, slots=True)
class StoredTransition:
    """One step of an incident: ``seen`` is JSON of what its signal saw.

    ``made_by`` and ``note`` are set when a person took the step.
    """

    incident_id: int
    at: datetime
    name: str
    signal: str | None = None
    seen: str | None = None
    made_by: str | None = None
    note: str | None = None


def put_health(tx: Tx, health: StoredHealth) -> None:
    """Stores how a CI is now, over what it was."""
    overwrite(tx, schema.health, [values_of(health)])


def health_of(tx: Tx, ci_id: int | None = None) -> list[StoredHealth]:
    """The stored health of one CI, or of all."""
    query = select(schema.health)
    if ci_id is not None:
        query = query.where(schema.health.c.ci_id == ci_id)
    return [StoredHealth(**row._mapping) for row in tx.execute(query)]


_TABLE, _STEP = schema.incident.c, schema.transition.c
_INCIDENTS = select(*columns(StoredIncident, schema.incident))
_STEPS = select(*columns(StoredTransition, schema.transition))


def _incidents(tx: Tx, query: Select[Any]) -> list[StoredIncident]:
    return [StoredIncident(*row) for row in tx.execute(query)]


def _steps(tx: Tx, query: Select[Any]) -> list[StoredTransition]:
    return [StoredTransition(*row) for row in tx.execute(query)]


def incidents_of(
    tx: Tx, ci_id: int | None = None, *, resolved_since: datetime | None = None, limit: int = 500
) -> list[StoredIncident]:
    """The open incidents of a CI or of all; with ``resolved_since`` ended ones.

    Newest first.
    """
    wanted = _TABLE.open_slot == 1
    if resolved_since is not None:
        wanted = or_(wanted, _TABLE.resolved_at >= resolved_since)
    query = _INCIDENTS.where(wanted).order_by(_TABLE.changed_at.desc(), _TABLE.id.desc())
    if ci_id is not None:
        query = query.where(_TABLE.ci_id == ci_id)
    return _incidents(tx, query.limit(limit))


def incidents_before(
    tx: Tx, *, ci_id: int | None, open_only: bool, before: int | None, limit: int
) -> list[StoredIncident]:
    """Incidents newest first by id, starting after ``before``."""
    query = _INCIDENTS.where(_TABLE.merged_into.is_(None)).order_by(_TABLE.id.desc())
    if ci_id is not None:
        query = query.where(_TABLE.ci_id == ci_id)
    if open_only:
        query = query.where(_TABLE.open_slot == 1)
    if before is not None:
        query = query.where(_TABLE.id < before)
    return _incidents(tx, query.limit(limit))


def incident_by_id(tx: Tx, incident_id: int, *, lock: bool = False) -> StoredIncident | None:
    """One incident, or the one that it was merged into, or None.

    With ``lock`` the row stays locked until the commit.
    """
    query = _INCIDENTS.add_columns(_TABLE.merged_into).where(_TABLE.id == incident_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is not None and row.merged_into is not None:
        return incident_by_id(tx, row.merged_into, lock=lock)
    return StoredIncident(*row[:-1]) if row else None


def merged_numbers(tx: Tx, numbers: Collection[int]) -> dict[int, int]:
    """The incidents that were merged into another one, each with the number of that one."""
    rows = {number: incident_by_id(tx, number) for number in sorted(numbers)}
    return {number: row.id for number, row in rows.items() if row and row.id != number}


def incidents_with(tx: Tx, numbers: Collection[int]) -> list[StoredIncident]:
    """Some incidents by their numbers; without those that were merged into another one."""
    wanted = (_TABLE.id.in_(sorted(numbers)), _TABLE.merged_into.is_(None))
    return _incidents(tx, _INCIDENTS.where(*wanted).order_by(_TABLE.id)) if numbers else []


def changed_since(
    tx: Tx, ci_id: int, since: datetime, also: Collection[int] = ()
) -> list[StoredIncident]:
    """A CI's open incidents, those that changed since then and ``also`` some, locked for writing.

    A person may acknowledge one while it is judged again; neither must undo the other.
    """
    # By the keys alone, so that nothing but these rows is locked.
    keys = select(_TABLE.id).where(
        _TABLE.ci_id == ci_id, or_(_TABLE.open_slot == 1, _TABLE.changed_at >= since)
    )
    ids = sorted({*tx.execute(keys).scalars(), *also})
    if not ids:
        return []
    own = (_TABLE.id.in_(ids), _TABLE.merged_into.is_(None))
    return _incidents(tx, _INCIDENTS.where(*own).order_by(_TABLE.id).with_for_update())


def delete_incident(tx: Tx, incident_id: int) -> None:
    """Forgets an incident and its steps."""
    steps = schema.transition
    tx.execute(delete(steps).where(steps.c.incident_id == incident_id))
    tx.execute(delete(schema.incident).where(schema.incident.c.id == incident_id))


def merge_incident(tx: Tx, incident_id: int, into: int) -> None:
    """Makes an incident part of another one: that gets what people did, after its own steps.

    The row stays because people may know its number.
    """
    steps, table = schema.transition, schema.incident
    done = [step for step in transitions_of(tx, incident_id) if step.name == "acknowledged"]
    add_transitions(tx, [replace(step, incident_id=into) for step in done])
    tx.execute(delete(steps).where(steps.c.incident_id == incident_id))
    bare = {"open_slot": None, "opened_at": None, "resolved_at": None, "merged_into": into}
    tx.execute(update(table).where(table.c.id == incident_id).values(bare))


def forget_steps(tx: Tx, incident_ids: Collection[int], since: datetime) -> None:
    """Forgets the steps that incidents took after that time; what people did stays."""
    table = schema.transition
    if incident_ids:
        tx.execute(
            delete(table).where(
                table.c.incident_id.in_(sorted(incident_ids)),
                table.c.at > since,
                table.c.name != "acknowledged",
            )
        )


def every_incident(tx: Tx) -> list[StoredIncident]:
    """All incidents that ever opened, oldest first."""
    opened = _INCIDENTS.where(_TABLE.opened_at.is_not(None))
    return _incidents(tx, opened.order_by(_TABLE.opened_at, _TABLE.id))


def add_incident(tx: Tx, incident: StoredIncident) -> int:
    """Stores a new incident and returns its id; ``incident.id`` is not looked at."""
    return insert_one(tx, schema.incident, _values(incident))


def update_incident(tx: Tx, incident: StoredIncident) -> None:
    """Stores what became of an incident."""
    table = schema.incident
    tx.execute(update(table).where(table.c.id == incident.id).values(**_values(incident)))


def _values(incident: StoredIncident) -> dict[str, object]:
    values = values_of(incident) | {"open_slot": None if incident.resolved_at else 1}
    del values["id"]
    return values


def add_transitions(tx: Tx, steps: Sequence[StoredTransition]) -> dict[int, int]:
    """Stores steps after those that their incidents have; returns each incident's last number,
    from 1.
    """
    seqs = last_steps(tx, {step.incident_id for step in steps})
    rows = []
    for step in steps:
        seq = seqs[step.incident_id] = seqs.get(step.incident_id, 0) + 1
        rows.append(values_of(step) | {"seq": seq})
    insert_rows(tx, schema.transition, rows)
    return seqs


def last_steps(tx: Tx, incident_ids: Collection[int]) -> dict[int, int]:
    """The number of the last step of each incident that has one."""
    if not incident_ids:
        return {}
    query = (
        select(_STEP.incident_id, func.max(_STEP.seq))
        .where(_STEP.incident_id.in_(sorted(incident_ids)))
        .group_by(_STEP.incident_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def transitions_since(tx: Tx, since: datetime) -> list[StoredTransition]:
    """The first thousand steps of any incident since then, oldest first."""
    order = (_STEP.at, _STEP.incident_id, _STEP.seq)
    return _steps(tx, _STEPS.where(_STEP.at >= since).order_by(*order).limit(1000))


@dataclass(frozen=True, slots=True)
class OpenedIncident:
    """When an incident of a CI opened, and when somebody first acknowledged it."""

    ci_id: int
    opened_at: datetime
    acknowledged_at: datetime | None


def opened_between(tx: Tx, since: datetime, until: datetime) -> list[OpenedIncident]:
    """The incidents that opened in ``since <= t < until`` and were not taken back."""
    taken = (_STEP.incident_id == _TABLE.id) & (_STEP.name == "acknowledged")
    query = (
        select(_TABLE.ci_id, _TABLE.opened_at, func.min(_STEP.at))
        .outerjoin(schema.transition, taken)
        .where(_TABLE.opened_at >= since, _TABLE.opened_at < until, _TABLE.state != "withdrawn")
        .group_by(_TABLE.id, _TABLE.ci_id, _TABLE.opened_at)
        .order_by(_TABLE.id)
    )
    return [OpenedIncident(*row) for row in tx.execute(query)]


def incidents_during(tx: Tx, since: datetime, until: datetime) -> list[StoredIncident]:
    """The newest 500 incidents that were open at any moment in ``since <= t < until``."""
    lasts = or_(_TABLE.open_slot == 1, _TABLE.resolved_at >= since)
    query = _INCIDENTS.where(lasts, _TABLE.opened_at < until)
    return _incidents(tx, query.order_by(_TABLE.opened_at.desc(), _TABLE.id.desc()).limit(500))


def transitions_of(tx: Tx, incident_id: int) -> list[StoredTransition]:
    """The first 500 steps of one incident, oldest first."""
    own = _STEPS.where(_STEP.incident_id == incident_id)
    return _steps(tx, own.order_by(_STEP.seq).limit(500))
