"""Where each CI is at home, and beside whom it is measured there."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.reports.context import Context
from cibot.reports.project import cis_on, reference_on
from cibot.store.cis import ci_rows
from cibot.store.engine import Tx
from cibot.store.faces import recent_projects


@dataclass(frozen=True, slots=True)
class Home:
    """A CI's projects by its last verdicts, most first, and the reference CI on the first.

    ``reference`` is None where there is none, and for a reference itself.
    """

    projects: tuple[str, ...]
    reference: str | None


def homes(tx: Tx, ctx: Context) -> dict[int, Home]:
    """The home of each CI, by its id; what nobody judged lately has no projects."""
    names = {one.id: one.name for one in ci_rows(tx)}
    projects = recent_projects(tx, names)
    mains = {found[0][0] for found in projects.values() if found}
    references = {one: _reference(tx, ctx, one, names) for one in mains}
    return {
        ci: Home(
            tuple(name for name, _count in found),
            _other(references[found[0][0]], names[ci]) if found else None,
        )
        for ci, found in projects.items()
    }


def _reference(tx: Tx, ctx: Context, project: str, names: dict[int, str]) -> str | None:
    if ctx.configured_reference(project) is not None:
        return ctx.configured_reference(project)
    return reference_on(ctx, project, cis_on(tx, ctx, project), names)


def _other(reference: str | None, name: str) -> str | None:
    return None if reference == name else reference
