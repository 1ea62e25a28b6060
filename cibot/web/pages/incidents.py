"""The page of one incident with its timeline."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.home_projects import NOWHERE
from cibot.reports.incidents import IncidentTimeline, incident
from cibot.reports.status import status
from cibot.store.engine import Tx
from cibot.web.api.incidents import OneIncident
from cibot.web.asking import homes_of
from cibot.web.pages.ci import Month, month_of


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident with its timeline, and its CI as it is now."""

    timeline: IncidentTimeline
    ci: CiLine
    month: Month

    @property
    def drawn(self) -> bool:
        """Whether the chart of the last month shows any of it."""
        end = self.timeline.incident.resolved_at
        return self.month.ran and (end is None or end.date() >= self.month.days[0].day)


def incident_page(tx: Tx, ctx: Context, params: OneIncident) -> IncidentView:
    """The page of an incident. Raises UserError for an unknown number."""
    timeline = incident(tx, ctx, params.id)
    ci = status(tx, ctx, timeline.incident.ci)
    reference = ci.reference or homes_of(tx, ctx).get(ci.id, NOWHERE).reference
    month = month_of(tx, ctx, ci, reference, (timeline.incident,))
    return IncidentView(timeline, ci, month)
