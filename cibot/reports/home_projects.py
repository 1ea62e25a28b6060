"""Where each CI is at home, and which CI is the reference there: as judging has learnt it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cibot.health.branches import read_branches
from cibot.health.references import (
    ANY_BRANCH,
    ProjectRecord,
    ReferencePeriods,
    References,
)
from cibot.health.signal import BranchHealth
from cibot.reports.context import Context
from cibot.store.cis import CiName, ci_names
from cibot.store.engine import Tx
from cibot.store.incidents import health_of
from cibot.store.references import PeriodRow, RecordRow, periods_of, records_in, records_of


@dataclass(frozen=True, slots=True)
class Home:
    """The projects where a CI is at home, its main one first, and the reference CI of that one.

    ``reference`` is None where there is none, and for a reference itself.
    """

    projects: tuple[str, ...]
    reference: str | None


NOWHERE = Home((), None)


def home_projects(
    tx: Tx, ctx: Context, ci_ids: Collection[int] | None = None, branch: str | None = None
) -> dict[int, Home]:
    """The home of some CIs, or of all that ever judged anything, by id; with the reference there,
    or on a branch of it.
    """
    names = dict(ci_names(tx))
    own = _references(records_of(tx, ci_ids), ())
    mains = {main for ci_id in own.records if (main := own.main_project(ci_id)) is not None}
    references = {project: reference_on(tx, ctx, project, names, branch) for project in mains}
    homes = {}
    for ci_id in own.records.keys() & names.keys():
        projects = own.home_projects(ci_id)
        reference = references[projects[0]] if projects else None
        other = reference is not None and reference.id != ci_id
        homes[ci_id] = Home(projects, reference.name if reference and other else None)
    return homes


def home_of(tx: Tx, ctx: Context, ci_id: int, branch: str | None = None) -> Home:
    """The home of one CI, with the reference there or on a branch of it."""
    return home_projects(tx, ctx, {ci_id}, branch).get(ci_id, NOWHERE)


def cis_on(tx: Tx, project: str) -> set[int]:
    """The CIs that are at home on a project: also one that is silent now."""
    return {row.ci_id for row in records_in(tx, {project}) if row.place is not None}


def branches_on(tx: Tx, ci_id: int) -> tuple[BranchHealth, ...]:
    """The branches where a CI is at home, as judging found it there last."""
    return next((read_branches(row.branches) for row in health_of(tx, ci_id)), ())


def reference_on(
    tx: Tx,
    ctx: Context,
    project: str,
    names: dict[int, str] | None = None,
    branch: str | None = None,
) -> CiName | None:
    """The reference CI of a project, or of its branch, now; None where there is none.

    ``names`` are those of all CIs by id, for callers that have them.
    """
    names = dict(ci_names(tx)) if names is None else names
    references = _references(records_in(tx, {project}), periods_of(tx, {project}))
    references.configured = ctx.config.reference
    references.ids = {name: ci_id for ci_id, name in names.items()}
    ci_id = references.periods_of(project, branch or ANY_BRANCH).at(ctx.now.timestamp())
    return None if ci_id is None or ci_id not in names else CiName(ci_id, names[ci_id])


def _references(records: Iterable[RecordRow], periods: Iterable[PeriodRow]) -> References:
    references = References()
    for row in records:
        references.records.setdefault(row.ci_id, {})[row.project] = ProjectRecord(
            row.project, row.ci_id, row.place, row.first_at.timestamp()
        )
    by_place: dict[tuple[str, str], list[PeriodRow]] = {}
    for period in periods:
        by_place.setdefault((period.project, period.branch), []).append(period)
    for place, rows in by_place.items():
        references.periods[place] = ReferencePeriods(
            tuple(row.since.timestamp() for row in rows), tuple(row.ci_id for row in rows)
        )
    return references
