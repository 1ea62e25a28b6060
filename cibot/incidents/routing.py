"""Routing: the channels of every route that an incident matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cibot.config.models import RouteConfig, SummaryConfig
from cibot.health.signal import BranchHealth, Family
from cibot.incidents.incident import Incident
from cibot.incidents.symptom import family_of
from cibot.model import State
from cibot.text.patterns import fits_any

Choice = RouteConfig | SummaryConfig
"""What chooses CIs by patterns that must all fit."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What a route looks at.

    ``kinds`` are the signals of its symptoms, ``projects`` those that the CI reports on,
    ``branches`` those that the trouble concerns.
    """

    ci: str
    kinds: frozenset[str]
    severity: State
    owner: str | None = None
    projects: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()


def alert_of(
    ci: str,
    incident: Incident,
    owner: str | None,
    projects: frozenset[str],
    branches: Sequence[BranchHealth] = (),
) -> Alert:
    """An incident as the routes look at it: with all its symptoms, at its worst."""
    came = [symptom for symptom in incident.symptoms if symptom.came_at is not None]
    known = incident.notified
    severity = known.worst if known and known.worst.rank < incident.severity.rank else None
    kinds = frozenset(symptom.signal for symptom in came)
    severity = severity or incident.severity
    return Alert(ci, kinds, severity, owner, projects, concerned(kinds, branches))


def concerned(kinds: Iterable[str], branches: Sequence[BranchHealth]) -> frozenset[str]:
    """The branches that trouble of these signals concerns.

    Bad results those where the CI is bad; other trouble, and where it is so on none, all.
    """
    results = all(family_of(signal) is Family.RESULTS for signal in kinds)
    bad = [branch for branch in branches if results and branch.state.bad]
    return frozenset(branch.branch for branch in bad or branches)


def receivers(routes: Iterable[RouteConfig], alert: Alert) -> tuple[str, ...]:
    """The channels that an alert goes to, each once, in the routes' order."""
    found: dict[str, None] = {}
    for route in routes:
        if _takes(route, alert):
            found.update(dict.fromkeys(route.channels))
    return tuple(found)


def _takes(route: RouteConfig, alert: Alert) -> bool:
    return (
        not alert.kinds.isdisjoint(route.kinds)
        and alert.severity.rank <= State(route.severity).rank
        and chooses(route, alert.ci, alert.owner, alert.projects)
        and fits_branches(route, alert.branches)
    )


def fits_branches(route: RouteConfig, branches: Iterable[str]) -> bool:
    """Whether one of these branches is the route's; where none is known, that takes every one."""
    return any(fits_any(route.branches, branch) for branch in tuple(branches) or ("",))


def chooses(choice: Choice, ci: str, owner: str | None, projects: Iterable[str]) -> bool:
    """Whether a CI is meant; one that reported on nothing yet, where every project is."""
    return (
        fits_any(choice.cis, ci)
        and fits_any(choice.owners, owner or "")
        and any(fits_any(choice.projects, project) for project in tuple(projects) or ("",))
    )
