"""``/incidents``: open ones, all, one with its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from cibot.health.signal import Evidence
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.incidents import (
    IncidentLine,
    TimelineStep,
    evidence_of,
    incident,
    onset_of_incident,
    read_incidents,
)
from cibot.reports.onset import Onset
from cibot.store.engine import Tx
from cibot.store.faces import incidents_before
from cibot.web.api.paging import Page, read_number, write_cursor
from cibot.web.api.params import CiName, Format, Number, Paged
from cibot.web.api.question import Endpoint, Params
from cibot.web.api.tables import columns
from cibot.web.asking import Asking


@dataclass(frozen=True, slots=True)
class IncidentPage(Page[IncidentLine]):
    """Incidents, newest first."""

    items: tuple[IncidentLine, ...]


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


class IncidentListParams(Paged):
    """Which incidents."""

    state: Literal["open", "all"] = "open"
    ci: CiName | None = None
    format: Format = None


class OneIncident(Params):
    """Which incident."""

    id: Annotated[Number, Field(description="The incident's number, as in #218.")]


def list_incidents(asking: Asking, params: IncidentListParams) -> IncidentPage:
    """A page of incidents."""
    before = read_number(params.after) if params.after else None

    def question(tx: Tx, ctx: Context) -> IncidentPage:
        found = incidents_before(
            tx,
            ci_id=find_ci(tx, params.ci).id if params.ci else None,
            open_only=params.state == "open",
            before=before,
            limit=params.limit + 1,
        )
        chosen = found[: params.limit]
        following = write_cursor((chosen[-1].id,)) if len(found) > params.limit else None
        return IncidentPage(items=read_incidents(tx, ctx, chosen), next=following)

    return asking.ask(question)


def one_incident(asking: Asking, params: OneIncident) -> IncidentTimeline:
    """An incident and its steps."""
    return asking.ask(
        lambda tx, ctx: IncidentTimeline(
            *incident(tx, ctx, params.id),
            *evidence_of(tx, params.id),
            onset_of_incident(tx, ctx, params.id),
        )
    )


_TABLE = columns(
    "items", "id", "ci", "kind", "state", "opened_at", "resolved_at", "said", "acknowledged_by",
    "note", "page",
)  # fmt: skip
ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/incidents", "Incidents", "Incidents, newest first", IncidentListParams, IncidentPage,
             list_incidents, _TABLE),
    Endpoint("/incidents/<id>", "Incidents", "One incident and its timeline", OneIncident,
             IncidentTimeline, one_incident),
)  # fmt: skip
