"""An incident as JSON, for the store and the checkpoints, and back. Pure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from cibot.errors import reason_of
from cibot.health.seen import Seen
from cibot.incidents.incident import Incident, Transition

log = logging.getLogger(__name__)

_INCIDENT = TypeAdapter(Incident)
_SEEN: TypeAdapter[Seen] = TypeAdapter(Seen)


def incident_json(incident: Incident) -> str:
    """Everything but the id, which is the store's."""
    return _INCIDENT.dump_json(incident, exclude={"id"}).decode()


def read_incident(text: str, incident_id: int | None) -> Incident:
    """Reads what `incident_json` wrote; ValueError, which names it, on anything else."""
    try:
        return replace(_INCIDENT.validate_json(text), id=incident_id)
    except ValueError as error:
        raise ValueError(f"incident #{incident_id} cannot be read: {error}") from error


class IncidentRow(Protocol):
    """A stored incident: its number and the JSON."""

    @property
    def id(self) -> int:
        """The store's number."""

    @property
    def body(self) -> str:
        """What `incident_json` wrote."""


Row = TypeVar("Row", bound=IncidentRow)


def readable(rows: Iterable[Row]) -> Iterator[tuple[Row, Incident]]:
    """Rows with their incidents; one that cannot be read is logged and left out."""
    for row in rows:
        try:
            yield row, read_incident(row.body, row.id)
        except ValueError as error:
            log.warning("an incident cannot be read id=%d cause=%s", row.id, reason_of(error))


def incident_values(incident: Incident) -> dict[str, Any]:
    """The incident with its id as plain JSON values."""
    values: dict[str, Any] = _INCIDENT.dump_python(incident, mode="json")
    return values


def read_values(values: Any) -> Incident:
    """Reads what `incident_values` gave; ValueError, which names it, on anything else."""
    return _INCIDENT.validate_python(values)


def columns(incident: Incident) -> dict[str, Any]:
    """The columns of an incident, without its id and its CI's."""
    return {
        "state": incident.phase.value,
        "severity": incident.severity.value,
        "opened_at": incident.opened_at,
        "resolved_at": incident.resolved_at,
        "changed_at": incident.changed_at,
        "body": incident_json(incident),
        "notified": incident.notified is not None and incident.notified.count > 0,
    }


def step_columns(step: Transition) -> dict[str, Any]:
    """The columns of a step, without its incident's id."""
    return {
        "at": step.at,
        "name": step.name,
        "signal": step.signal,
        "seen": None if step.seen is None else _SEEN.dump_json(step.seen).decode(),
        "made_by": step.by,
        "note": step.note,
    }


def read_seen(text: str | None) -> Seen | None:
    """What a stored step saw; None where another version wrote it otherwise."""
    try:
        return None if text is None else _SEEN.validate_json(text)
    except ValidationError:
        return None
