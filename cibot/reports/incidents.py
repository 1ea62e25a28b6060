"""Open and ended incidents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cibot.errors import UserError
from cibot.model import State, Window
from cibot.reports.context import Context
from cibot.reports.signals import Evidence, read_evidence
from cibot.store.cis import ci_rows
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
class Incident:
    """Something wrong with a CI, from when it was noticed until it was over.

    ``state`` is pending, firing, acknowledged, recovering or resolved; ``said``
    is a sentence or empty; ``severity`` is the verdict that it stands for.
    """

    id: int
    ci: str
    kind: str
    state: str
    opened_at: datetime | None
    resolved_at: datetime | None
    said: str
    acknowledged_by: str | None
    note: str | None
    page: str | None
    severity: State = State.FAILING


@dataclass(frozen=True, slots=True)
class Step:
    """One transition of an incident, with its reason in words."""

    at: datetime
    name: str
    reason: str


def incidents(
    tx: Tx, ctx: Context, *, ended: bool = False, limit: int = 100
) -> tuple[Incident, ...]:
    """The open incidents, newest first; with ``ended`` then those of the last seven days."""
    since = ctx.now - ENDED_WITHIN if ended else None
    names = {one.id: one.name for one in ci_rows(tx)}
    stored = incidents_of(tx, resolved_since=since, limit=limit)
    stored.sort(key=lambda one: one.resolved_at is not None)
    return tuple(_incident(ctx, names, one) for one in stored if one.ci_id in names)


def incidents_since(
    tx: Tx, ctx: Context, since: datetime, ci_id: int | None = None
) -> tuple[Incident, ...]:
    """The open incidents, of one CI or of all, and those that ended since then, newest first."""
    names = {one.id: one.name for one in ci_rows(tx)}
    stored = incidents_of(tx, ci_id, resolved_since=since)
    return tuple(_incident(ctx, names, one) for one in stored if one.ci_id in names)


def incidents_in(tx: Tx, ctx: Context, window: Window) -> tuple[Incident, ...]:
    """The incidents that were open at any moment of a window, newest first."""
    return read_incidents(tx, ctx, incidents_during(tx, window.since, window.until))


def read_incidents(tx: Tx, ctx: Context, stored: Sequence[StoredIncident]) -> tuple[Incident, ...]:
    """Stored incidents as faces show them, in their order; those of forgotten CIs are left out."""
    names = {one.id: one.name for one in ci_rows(tx)}
    return tuple(_incident(ctx, names, one) for one in stored if one.ci_id in names)


def open_by_ci(
    tx: Tx, ctx: Context, ci_id: int | None = None, names: Mapping[int, str] | None = None
) -> dict[int, tuple[Incident, ...]]:
    """The open incidents of one CI or of all, by the CI's id; ``names`` are all CIs' by id."""
    names = names or {one.id: one.name for one in ci_rows(tx)}
    found: dict[int, tuple[Incident, ...]] = {}
    for one in incidents_of(tx, ci_id):
        if one.ci_id in names:
            found[one.ci_id] = (*found.get(one.ci_id, ()), _incident(ctx, names, one))
    return found


def incident(tx: Tx, ctx: Context, incident_id: int) -> tuple[Incident, tuple[Step, ...]]:
    """One incident with its timeline, oldest step first; UserError when there is none."""
    stored = incident_by_id(tx, incident_id)
    names = {one.id: one.name for one in ci_rows(tx)}
    if stored is None or stored.ci_id not in names:
        raise UserError(f"There is no incident #{incident_id}.")
    steps = tuple(Step(one.at, one.name, one.reason) for one in transitions_of(tx, incident_id))
    return _incident(ctx, names, stored), steps


def evidence_of(tx: Tx, incident_id: int) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """What an incident rested on when it opened, and what it rests on now; newest first each."""
    stored = incident_by_id(tx, incident_id)
    body = _body(stored.body) if stored else {}
    return read_evidence(body.get("first_evidence")), read_evidence(body.get("evidence"))


def _incident(ctx: Context, names: Mapping[int, str], stored: StoredIncident) -> Incident:
    body = _body(stored.body)
    return Incident(
        id=stored.id,
        ci=names[stored.ci_id],
        kind=stored.kind,
        state=stored.state,
        opened_at=stored.opened_at,
        resolved_at=stored.resolved_at,
        said=_words(body, "said", "reason") or "",
        acknowledged_by=_words(body, "acknowledged_by", "by"),
        note=_words(body, "note"),
        page=ctx.incident_page(stored.id),
        severity=_severity(body.get("severity")),
    )


def _severity(raw: Any) -> State:
    try:
        return State(raw)
    except ValueError:
        return State.FAILING


def _body(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except ValueError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _words(body: dict[str, Any], *names: str) -> str | None:
    return next((str(body[name]) for name in names if body.get(name)), None)
