"""The overview: what needs a look, in sentences, and all CIs worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from cibot.model import State
from cibot.reports import lists, wording
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.home_projects import NOWHERE, Home
from cibot.reports.incidents import IncidentLine, incidents_since
from cibot.reports.listing import all_lines, branches_of, lines_on
from cibot.reports.status import status
from cibot.store.engine import Tx
from cibot.text import figures
from cibot.text.card import Line, capital
from cibot.web.api.cis import CiFilter, fits
from cibot.web.asking import days_of, homes_of

_MOST_SENTENCES = 10  # incidents in sentences; the page of incidents has all
_MOST_PROJECTS = 100  # in the filter's list
_DAY = timedelta(days=1)
_SENTENCES_FOR = timedelta(seconds=15)


class Filter(CiFilter):
    """Which CIs the table shows."""

    @property
    def active(self) -> bool:
        """Whether anything is left out."""
        return any((self.q, self.project, self.owner, self.state, self.branch))


def overview(tx: Tx, ctx: Context, chosen: Filter) -> dict[str, Any]:
    """What needs a look, and the CIs that ``chosen`` leaves; days and sentences by CI's id."""
    at_home = homes_of(tx, ctx)
    lines = all_lines(tx, ctx)
    troubled = _open(lines)
    shown = lines_on(ctx, lines, {chosen.branch}) if chosen.branch else lines
    rows = [ci for ci in shown if _fits(ctx, ci, at_home, chosen)]
    return {
        "headline": headline(lines),
        "lead": _lead(ctx, lines, incidents_since(tx, ctx, ctx.now - _DAY)),
        "stories": troubled[:_MOST_SENTENCES],
        "more": max(0, len(troubled) - _MOST_SENTENCES),
        "sentences": ctx.remembered("sentences", _SENTENCES_FOR, lambda: _sentences(tx, ctx)),
        "rows": rows,
        "homes": at_home,
        "days": days_of(tx, ctx),
        "total": len(lines),
        "projects": _projects(at_home),
        "owners": sorted({ci.owner for ci in ctx.config.ci if ci.owner}, key=str.casefold),
        "branches": branches_of(lines)[:_MOST_PROJECTS],
        "chosen": chosen,
        "reference": _one_reference(at_home[ci.id] for ci in rows if ci.id in at_home),
    }


def headline(lines: Sequence[CiLine]) -> str:
    """Is anything wrong? As "3 CIs need a look"."""
    wrong = sum(line.state.bad for line in lines)
    if not lines:
        return "No CI is known yet"
    if wrong:
        return f"{figures.plural(wrong, 'CI')} {'needs' if wrong == 1 else 'need'} a look"
    return "No CI needs a look"


def _lead(ctx: Context, lines: Sequence[CiLine], lately: Sequence[IncidentLine]) -> str:
    """How many CIs are in which state, and what happened in the last day."""
    if not lines:
        return ""
    totals = dict.fromkeys(State, 0) | Counter(line.state for line in lines)
    since = ctx.now - _DAY
    opened = sum(
        incident.opened_at is not None and incident.opened_at >= since for incident in lately
    )
    ended = sum(
        incident.resolved_at is not None and incident.resolved_at >= since for incident in lately
    )
    news = [f"{n} {word}" for n, word in ((opened, "opened"), (ended, "resolved")) if n]
    return f"{lists.in_states(totals)}. In the last 24 hours: {', '.join(news) or 'nothing new'}."


def _open(lines: Sequence[CiLine]) -> list[CiLine]:
    """Those with an incident that has opened: pending ones do not count."""
    return [line for line in lines if any(incident.opened_at for incident in line.incidents)]


def _sentences(tx: Tx, ctx: Context) -> dict[int, Line]:
    """The sentence about each CI with an open incident; each takes several queries."""
    worst = _open(all_lines(tx, ctx))[:_MOST_SENTENCES]
    return {ci.id: capital(wording.account(ctx, status(tx, ctx, ci.name))) for ci in worst}


def _fits(ctx: Context, line: CiLine, at_home: Mapping[int, Home], chosen: Filter) -> bool:
    if not fits(ctx, line, chosen.q, chosen.owner):
        return False
    if chosen.project and not _on(at_home.get(line.id, NOWHERE), chosen.project):
        return False
    return chosen.state in {None, line.state}


def _on(home: Home, project: str) -> bool:
    wanted = project.casefold()
    return any(
        wanted == project.casefold() or project.casefold().endswith(f"/{wanted}")
        for project in home.projects
    )


def _one_reference(homes: Iterable[Home]) -> str | None:
    names = {home.reference for home in homes if home.reference}
    return names.pop() if len(names) == 1 else None


def _projects(at_home: Mapping[int, Home]) -> tuple[str, ...]:
    counts = Counter(name for home in at_home.values() for name in home.projects)
    most = sorted(counts, key=lambda name: (-counts[name], name))[:_MOST_PROJECTS]
    return tuple(sorted(most, key=str.casefold))
