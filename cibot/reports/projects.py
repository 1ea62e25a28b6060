"""The projects that CIs judge, those first where something is wrong. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.reports.homes import Home
from cibot.reports.listing import CiLine, is_wrong


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
        return tuple(one for one in self.cis if is_wrong(one.state))


def project_lines(lines: Sequence[CiLine], at_home: Mapping[int, Home]) -> tuple[ProjectLine, ...]:
    """The projects of some CIs (worst first), by how many need a look there, then by name."""
    found: dict[str, list[CiLine]] = defaultdict(list)
    for one in lines:
        for project in at_home[one.id].projects if one.id in at_home else ():
            found[project].append(one)
    projects = (
        ProjectLine(
            name,
            tuple(cis),
            max((one.last_heard_at for one in cis if one.last_heard_at), default=None),
        )
        for name, cis in found.items()
    )
    return tuple(sorted(projects, key=lambda one: (-len(one.wrong), one.name.casefold())))
