"""``/incidents`` and ``/silences``: what is wrong, each with its timeline, and what is muted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from cibot.model import Silence
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine, IncidentTimeline, incident, read_incidents
from cibot.reports.silences import silence
from cibot.store.engine import Tx
from cibot.store.incidents import incidents_before
from cibot.store.silences import silences_before
from cibot.web.api.paging import Page, first_of, read_number
from cibot.web.api.question import CiName, Endpoint, Number, Paged, Params
from cibot.web.api.tables import columns


@dataclass(frozen=True, slots=True)
class IncidentPage(Page[IncidentLine]):
    """Incidents, newest first."""

    items: tuple[IncidentLine, ...]


@dataclass(frozen=True, slots=True)
class SilencePage(Page[Silence]):
    """Silences, newest first."""

    items: tuple[Silence, ...]


class IncidentListParams(Paged):
    """Which incidents."""

    state: Literal["open", "all"] = "open"
    ci: CiName | None = None


class OneIncident(Params):
    """Which incident."""

    id: Annotated[Number, Field(description="The incident's number, as in #218.")]


class SilenceListParams(Paged):
    """Which silences."""

    state: Annotated[
        Literal["active", "all"], Field(description="`active` mute something now.")
    ] = "active"


class OneSilence(Params):
    """Which silence."""

    id: Annotated[Number, Field(description="The silence's number, as in #7.")]


def list_incidents(tx: Tx, ctx: Context, params: IncidentListParams) -> IncidentPage:
    """A page of incidents."""
    rows = incidents_before(
        tx,
        ci_id=find_ci(tx, params.ci).id if params.ci else None,
        open_only=params.state == "open",
        before=read_number(params.after) if params.after else None,
        limit=params.limit + 1,
    )
    chosen, following = first_of(rows, params.limit, lambda last: (last.id,))
    return IncidentPage(items=read_incidents(tx, ctx, chosen), next=following)


def list_silences(tx: Tx, ctx: Context, params: SilenceListParams) -> SilencePage:
    """A page of silences."""
    before = read_number(params.after) if params.after else None
    active = ctx.now if params.state == "active" else None
    rows = silences_before(tx, before, params.limit + 1, active)
    return SilencePage(*first_of(rows, params.limit, lambda last: (last.id,)))


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/incidents", "Incidents", "Incidents, newest first", IncidentListParams, IncidentPage,
             list_incidents, columns(
        "items", "id", "ci", "kind", "state", "began", "opened_at", "resolved_at", "said",
        "acknowledged_by", "note", "page",
    )),
    Endpoint("/incidents/<id>", "Incidents", "One incident and its timeline", OneIncident,
             IncidentTimeline, lambda tx, ctx, asked: incident(tx, ctx, asked.id),
             columns("steps", "at", "name", "reason")),
    Endpoint("/silences", "Silences", "Which alerts are muted, by whom and why", SilenceListParams,
             SilencePage, list_silences, columns(
        "items", "id", "ci", "since", "until", "by", "reason", "ended_at", "ended_by",
    )),
    Endpoint("/silences/<id>", "Silences", "One silence, over or not", OneSilence, Silence,
             lambda tx, _ctx, asked: silence(tx, asked.id)),
)  # fmt: skip
