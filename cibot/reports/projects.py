"""Which project is meant, and all that CIs judge, those first where something is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.reports.ci import CiLine
from cibot.reports.home_projects import Home
from cibot.reports.names import resolve
from cibot.store.changes import project_names
from cibot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A project with the CIs at home there, worst first; ``last_heard_at`` is any CI's, anywhere.

    ``wrong`` are those of them that need a look.
    """

    name: str
    cis: tuple[CiLine, ...]
    last_heard_at: datetime | None

    @property
    def wrong(self) -> tuple[CiLine, ...]:
        """Silent, failing or degraded."""
        return tuple(ci for ci in self.cis if ci.state.bad)


def project_lines(lines: Sequence[CiLine], at_home: Mapping[int, Home]) -> tuple[ProjectLine, ...]:
    """The projects of some CIs (worst first), by how many need a look there, then by name."""
    by_project: dict[str, list[CiLine]] = defaultdict(list)
    for line in lines:
        for project in at_home[line.id].projects if line.id in at_home else ():
            by_project[project].append(line)
    projects = (
        ProjectLine(
            name,
            tuple(cis),
            max((ci.last_heard_at for ci in cis if ci.last_heard_at), default=None),
        )
        for name, cis in by_project.items()
    )
    return tuple(
        sorted(projects, key=lambda project: (-len(project.wrong), project.name.casefold()))
    )


def find_project(tx: Tx, wanted: str) -> str:
    """The project that is meant: "cinder" for "openstack/cinder" where nothing else fits.

    Raises UserError, asking back, when several fit or none does.
    """
    names = project_names(tx)
    tails = [name for name in names if name.casefold().endswith(f"/{wanted.casefold()}")]
    if len(tails) == 1 and wanted not in names:
        return tails[0]
    return resolve(wanted, names, "project")
