"""The pages of incidents: all that are open or ended lately, and one with its timeline."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.chat.commands import why as why_command
from cibot.reports import wording
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.home_projects import NOWHERE
from cibot.reports.incidents import IncidentLine, IncidentTimeline, incident, incidents
from cibot.reports.status import status
from cibot.store.engine import Tx
from cibot.text.card import Line
from cibot.web.api.incidents import OneIncident
from cibot.web.api.question import Nothing
from cibot.web.asking import homes_of
from cibot.web.pages.ci import Month, month_of

_MOST = 200


@dataclass(frozen=True, slots=True)
class IncidentsPage:
    """Open, pending and ended incidents, newest first. Pending ones have not opened yet."""

    open: tuple[IncidentLine, ...]
    pending: tuple[IncidentLine, ...]
    ended: tuple[IncidentLine, ...]


def incidents_page(tx: Tx, ctx: Context, _params: Nothing) -> IncidentsPage:
    """At most 200 incidents."""
    ended = incidents(tx, ctx, ended=True, limit=_MOST)
    return IncidentsPage(
        tuple(row for row in ended if row.resolved_at is None and row.opened_at),
        tuple(row for row in ended if row.resolved_at is None and not row.opened_at),
        tuple(row for row in ended if row.resolved_at),
    )


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident with its timeline, and its CI as it is now.

    ``first_run`` links the first bad run, ``began`` says in words what came before it.
    """

    timeline: IncidentTimeline
    ci: CiLine
    month: Month
    first_run: Line
    began: Line

    @property
    def drawn(self) -> bool:
        """Whether the chart of the last month shows any of it."""
        end = self.timeline.incident.resolved_at
        return self.month.ran and (end is None or end.date() >= self.month.days[0].day)


def incident_page(tx: Tx, ctx: Context, params: OneIncident) -> IncidentView:
    """The page of an incident. Raises UserError for an unknown number."""
    timeline = incident(tx, ctx, params.id)
    answer = status(tx, ctx, timeline.incident.ci)
    reference = answer.reference or homes_of(tx, ctx).get(answer.ci.id, NOWHERE).reference
    month = month_of(tx, ctx, answer.ci, reference, (timeline.incident,))
    onset = timeline.onset
    first = wording.run_span(onset.first_failure) if onset else ()
    began = why_command.began(ctx, onset) if onset else ()
    return IncidentView(timeline, answer.ci, month, first, began)
