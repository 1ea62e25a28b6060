"""The page of one CI: its sentence, whom to ask, its month, its signals and their evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from cibot.card import Line
from cibot.config import CiConfig
from cibot.reports.context import Context
from cibot.reports.failures import Verdict
from cibot.reports.history import Day
from cibot.reports.incidents import Incident, read_incidents
from cibot.reports.jobs import JobLine, jobs
from cibot.reports.listing import CiLine
from cibot.reports.missed import Missed, missed
from cibot.reports.signals import SignalView
from cibot.reports.status import Status, status
from cibot.reports.why import why
from cibot.store.engine import Tx
from cibot.store.queries_ci import ci_rows
from cibot.store.queries_face import incidents_before
from cibot.web.api.params import CiName
from cibot.web.asking import Asking
from cibot.web.chart import chart_in_words, history_chart
from cibot.web.facts import NOWHERE, days_of, homes_of
from cibot.web.overview import sentence
from cibot.web.question import Params

_MOST_INCIDENTS = 20
_MOST_JOBS = 40
_MOST_MISSED = 10


class CiParams(Params):
    """Which CI."""

    name: CiName


@dataclass(frozen=True, slots=True)
class CiPage:
    """The page. ``days`` are a month's, oldest first; ``incidents`` newest first."""

    ci: CiLine
    found: Status
    sentence: Line
    known: CiConfig | None
    projects: tuple[str, ...]
    days: Sequence[Day]
    chart: Markup
    signals: tuple[SignalView, ...]
    failures: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]
    jobs: tuple[JobLine, ...]
    missed: Missed
    badge: str

    @property
    def ran(self) -> bool:
        """Whether there is anything to draw."""
        return any(day.passes + day.fails + day.infra for day in self.days)


def ci_page(asking: Asking, params: CiParams) -> CiPage:
    """The page of the CI that the name means. Raises UserError when none is."""
    at_home, days = homes_of(asking), days_of(asking)

    def question(tx: Tx, ctx: Context) -> CiPage:
        found, reasons = status(tx, ctx, params.name), why(tx, ctx, params.name)
        ci = found.ci
        past = incidents_before(
            tx, ci_id=ci.id, open_only=False, before=None, limit=_MOST_INCIDENTS
        )
        home = at_home.get(ci.id, NOWHERE)
        incidents = read_incidents(tx, ctx, past)
        reference = found.reference or home.reference
        ids = {one.name: one.id for one in ci_rows(tx)}
        own, beside = days.get(ci.id, ()), days.get(ids.get(reference or "", 0), ())
        return CiPage(
            ci,
            found,
            sentence(ctx, found, capital=False),
            ctx.configured(ci.name),
            home.projects,
            own,
            history_chart(own, beside, incidents, chart_in_words(ci.name, own, reference, beside))
            if own
            else Markup(""),
            reasons.signals,
            reasons.failures,
            incidents,
            jobs(tx, ctx, ci.name).jobs[:_MOST_JOBS],
            missed(tx, ctx, ci.name, _MOST_MISSED),
            _badge(ctx, ci.name),
        )

    return asking.ask(question)


def _badge(ctx: Context, name: str) -> str:
    """Markdown that shows the badge and leads here; relative where we have no public address."""
    own = ctx.page() or ""
    path = quote(name, safe="")
    words = re.sub(r"([\\\[\]])", r"\\\1", name)
    return f"[![{words}]({own}/badge/{path}.svg)]({own}/ci/{path})"
