"""The page of projects: where CIs are at home, and where something is wrong."""

from __future__ import annotations

from cibot.reports.context import Context
from cibot.reports.listing import all_lines
from cibot.reports.projects import ProjectLine, project_lines
from cibot.store.engine import Tx
from cibot.web.asking import Asking
from cibot.web.facts import homes_of


def projects_page(asking: Asking) -> tuple[ProjectLine, ...]:
    """Every project that CIs judged lately."""
    at_home = homes_of(asking)

    def question(tx: Tx, ctx: Context) -> tuple[ProjectLine, ...]:
        return project_lines(all_lines(tx, ctx), at_home)

    return asking.ask(question)
