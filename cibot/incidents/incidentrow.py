"""An incident as plain JSON values, for the store, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from cibot.health.signal import evidence_from_row, evidence_row
from cibot.incidents.incident import Incident, Phase, Told
from cibot.model import State

_TIMES = (
    "changed_at", "opened_at", "since", "resolved_at", "recovering_at", "acknowledged_at",
    "began_at",
)  # fmt: skip
_EVIDENCE = ("first_evidence", "evidence")


def incident_row(incident: Incident) -> dict[str, Any]:
    """Everything but the id, which is the store's."""
    row: dict[str, Any] = {
        one.name: getattr(incident, one.name) for one in fields(Incident) if one.name != "id"
    }
    for name in _TIMES:
        row[name] = row[name].isoformat() if row[name] else None
    for name in _EVIDENCE:
        row[name] = [evidence_row(one) for one in row[name]]
    row["told"] = _told_row(incident.told)
    return row | {"phase": incident.phase.value, "severity": incident.severity.value}


def incident_from_row(row: dict[str, Any], incident_id: int | None) -> Incident:
    """Reads what `incident_row` wrote; KeyError, TypeError or ValueError on anything else."""
    read = {
        **row,
        "phase": Phase(row["phase"]),
        "severity": State(row["severity"]),
        "id": incident_id,
    }
    for name in _TIMES:
        read[name] = datetime.fromisoformat(row[name]) if row.get(name) else None
    for name in _EVIDENCE:
        read[name] = tuple(evidence_from_row(one) for one in row[name])
    read["told"] = _told(row.get("told"))
    return Incident(**read)


def _told_row(told: Told | None) -> list[Any] | None:
    if told is None:
        return None
    return [told.severity.value, told.over, told.since.isoformat(), told.count]


def _told(row: Sequence[Any] | None) -> Told | None:
    if row is None:
        return None
    severity, over, since, count = row
    return Told(State(severity), bool(over), datetime.fromisoformat(since), int(count))
