"""``/projects``: where CIs are at home, and one project as a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from cibot.reports.matrix import MOST, Matrix, matrix
from cibot.web.api.params import Nothing, ProjectName
from cibot.web.asking import Asking
from cibot.web.facts import homes_of
from cibot.web.question import Endpoint, Params


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """A project and how many CIs judged there lately."""

    name: str
    cis: int


@dataclass(frozen=True, slots=True)
class ProjectList:
    """Projects that CIs judge, by name."""

    items: tuple[ProjectItem, ...]


class MatrixParams(Params):
    """Which project, and how many of its changes."""

    name: ProjectName
    limit: Annotated[int, Field(ge=1, le=MOST, description="The newest so many changes.")] = 30


def projects(asking: Asking, _params: Nothing) -> ProjectList:
    """The projects at which CIs are at home."""
    counts: dict[str, int] = {}
    for home in homes_of(asking).values():
        for name in home.projects:
            counts[name] = counts.get(name, 0) + 1
    ordered = sorted(counts, key=str.casefold)
    return ProjectList(tuple(ProjectItem(name, counts[name]) for name in ordered))


def one_project(asking: Asking, params: MatrixParams) -> Matrix:
    """A project's last patch sets beside its CIs."""
    return asking.ask(lambda tx, ctx: matrix(tx, ctx, params.name, params.limit))


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/projects", "Projects", "Projects that CIs judge", Nothing, ProjectList, projects),
    Endpoint("/projects/<name>", "Projects", "A project's last patch sets beside its CIs",
             MatrixParams, Matrix, one_project),
)  # fmt: skip
