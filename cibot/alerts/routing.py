"""Who is told: the channels of every route that an incident matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from cibot.model import State


class Route(Protocol):
    """Which alerts go where, as the configuration's ``[[route]]`` has it.

    ``cis``, ``owners`` and ``projects`` are patterns with ``*``; ``severity`` is
    the mildest that is sent.
    """

    @property
    def channels(self) -> Sequence[str]: ...
    @property
    def cis(self) -> Sequence[str]: ...
    @property
    def owners(self) -> Sequence[str]: ...
    @property
    def projects(self) -> Sequence[str]: ...
    @property
    def kinds(self) -> Sequence[str]: ...
    @property
    def severity(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Alert:
    """What a route looks at. ``projects`` are those that the CI reports on."""

    ci: str
    kind: str
    severity: State
    owner: str | None = None
    projects: frozenset[str] = frozenset()


def receivers(routes: Iterable[Route], alert: Alert) -> tuple[str, ...]:
    """The channels that an alert goes to, each once, in the routes' order."""
    found: dict[str, None] = {}
    for route in routes:
        if _takes(route, alert):
            found.update(dict.fromkeys(route.channels))
    return tuple(found)


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether a name fits one of the patterns; case does not matter."""
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def _takes(route: Route, alert: Alert) -> bool:
    return (
        alert.kind in route.kinds
        and alert.severity.rank <= State(route.severity).rank
        and matches(route.cis, alert.ci)
        and matches(route.owners, alert.owner or "")
        and _on_projects(route, alert.projects)
    )


def _on_projects(route: Route, projects: frozenset[str]) -> bool:
    """A CI that reported on nothing yet belongs to the routes that take every project."""
    return any(matches(route.projects, project) for project in projects or {""})
