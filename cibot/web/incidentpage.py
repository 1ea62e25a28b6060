"""The page of incidents: those that are open, and those that ended within a week."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.incidents import Incident, incidents
from cibot.reports.listing import all_lines
from cibot.store.engine import Tx
from cibot.web.asking import Asking

_MOST = 200


@dataclass(frozen=True, slots=True)
class IncidentsPage:
    """Open and ended incidents, newest first; ``states`` is each CI's state, by its name."""

    open: tuple[Incident, ...]
    ended: tuple[Incident, ...]
    states: dict[str, State]


def incidents_page(asking: Asking) -> IncidentsPage:
    """At most 200 incidents."""

    def question(tx: Tx, ctx: Context) -> IncidentsPage:
        found = incidents(tx, ctx, ended=True, limit=_MOST)
        return IncidentsPage(
            tuple(one for one in found if one.resolved_at is None),
            tuple(one for one in found if one.resolved_at is not None),
            {one.name: one.state for one in all_lines(tx, ctx)},
        )

    return asking.ask(question)
