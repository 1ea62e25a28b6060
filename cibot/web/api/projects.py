"""``/projects``: where CIs are at home, and one project as a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from cibot.reports.matrix import MOST, Matrix, matrix
from cibot.web.api.params import Format, Nothing, ProjectName
from cibot.web.api.question import Endpoint, Params
from cibot.web.api.tables import Lines
from cibot.web.asking import Asking
from cibot.web.facts import homes_of


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
    format: Format = None


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


def _matrix_lines(found: Matrix) -> Lines:
    """A line a patch set, a column a CI; what nobody said is empty."""
    names = [ci.name for ci in found.cis]
    yield ["number", "patch_set", "subject", "updated_at", *names]
    for row in found.rows:
        by_ci = row.by_ci()
        cells = [by_ci.get(name) for name in names]
        words = [(cell.result or "started") if cell else None for cell in cells]
        yield [row.number, row.patch_set, row.subject, row.updated_at, *words]


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/projects", "Projects", "Projects that CIs judge", Nothing, ProjectList, projects),
    Endpoint("/projects/<name>", "Projects", "A project's last patch sets beside its CIs",
             MatrixParams, Matrix, one_project, _matrix_lines),
)  # fmt: skip
