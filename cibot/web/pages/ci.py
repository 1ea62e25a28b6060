"""The page of one CI: its sentence, contact, month, signals and evidence; and of an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cibot.reports import wording
from cibot.reports.ci import CiLine, branch_name
from cibot.reports.contact import contact
from cibot.reports.context import Context
from cibot.reports.history import Day
from cibot.reports.home_projects import NOWHERE
from cibot.reports.incidents import IncidentLine, IncidentTimeline, incident, read_incidents
from cibot.reports.jobs import jobs
from cibot.reports.latency import LatencyDay
from cibot.reports.missed import missed
from cibot.reports.status import status, why
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.store.incidents import incidents_before
from cibot.text.card import capital
from cibot.web.api.incidents import OneIncident
from cibot.web.api.question import CiParams
from cibot.web.asking import days_on, homes_of, latencies_of
from cibot.web.badges import badge_code
from cibot.web.charts.days import chart_in_words, history_chart
from cibot.web.charts.latency import latency_chart, latency_in_words

_MOST_INCIDENTS = 20
_MOST_JOBS = 40
_MOST_MISSED = 10


@dataclass(frozen=True, slots=True)
class Month:
    """Thirty days of a CI and of its reference, oldest first; those are empty without one."""

    name: str
    reference: str | None
    days: Sequence[Day]
    others: Sequence[Day]
    latencies: Sequence[LatencyDay]
    reference_latencies: Sequence[LatencyDay]
    incidents: Sequence[IncidentLine]

    @property
    def ran(self) -> bool:
        """Whether there is a result to draw."""
        return any(day.passes + day.fails + day.infra for day in self.days)

    @property
    def chart(self) -> Markup:
        """The share passed, day by day."""
        said = chart_in_words(self.name, self.days, self.reference, self.others)
        return history_chart(self.days, self.others, self.incidents, said)

    @property
    def timed(self) -> bool:
        """Whether it is known of any verdict how long it took."""
        return any(day.n for day in self.latencies)

    @property
    def latency_chart(self) -> Markup:
        """The time to the first verdict, day by day."""
        other = self.reference_latencies
        said = latency_in_words(self.name, self.latencies, self.reference, other)
        return latency_chart(self.latencies, other, self.incidents, said)

    @property
    def rows(self) -> list[tuple[Day, Day | None, LatencyDay | None]]:
        """The same as a table, newest first: a day, the reference's, and its latency."""
        others = {day.day: day for day in self.others}
        took = {latency.day: latency for latency in self.latencies}
        return [(day, others.get(day.day), took.get(day.day)) for day in reversed(self.days)]


def ci_page(tx: Tx, ctx: Context, params: CiParams) -> dict[str, Any]:
    """The page of the CI that the name means, incidents newest first. Raises UserError."""
    ci = status(tx, ctx, params.name, params.branch)
    branch = branch_name(ci)
    home = homes_of(tx, ctx).get(ci.id, NOWHERE)
    incidents = ci_incidents(tx, ctx, ci.id)
    account = wording.account(ctx, ci)
    return {
        "ci": ci,
        "sentence": capital(account) if ci.retired else account,
        "contact": contact(tx, ctx, ci.name),
        "projects": home.projects,
        "month": month_of(tx, ctx, ci, ci.reference or home.reference, incidents),
        "why": why(tx, ctx, ci.name, branch=branch),
        "incidents": incidents,
        "jobs": jobs(tx, ctx, ci.name, branch).jobs[:_MOST_JOBS],
        "missed": missed(tx, ctx, ci.name, _MOST_MISSED, branch),
        "badge": badge_code(ctx, ci.name),
    }


def ci_incidents(tx: Tx, ctx: Context, ci_id: int) -> tuple[IncidentLine, ...]:
    """A CI's last incidents, newest first; those that never opened are left out."""
    past = incidents_before(tx, ci_id=ci_id, open_only=False, before=None, limit=_MOST_INCIDENTS)
    return tuple(row for row in read_incidents(tx, ctx, past) if row.opened_at is not None)


def month_of(
    tx: Tx, ctx: Context, ci: CiLine, reference: str | None, incidents: Sequence[IncidentLine]
) -> Month:
    """The month of a CI, or of it on a branch, with its reference."""
    other = {row.name: row.id for row in all_cis(tx)}.get(reference or "")
    branch = branch_name(ci)
    days = days_on(tx, ctx, {ci.id} if other is None else {ci.id, other}, branch)
    return Month(
        ci.name,
        reference if other is not None else None,
        days.get(ci.id, ()),
        days.get(other, ()) if other is not None else (),
        latencies_of(tx, ctx, ci.id, branch),
        latencies_of(tx, ctx, other, branch) if other is not None else (),
        incidents,
    )


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
