"""Patch sets that a CI should have reported on and did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.config.scope import Scope, scopes
from cibot.reports.ci import find_ci, line_of
from cibot.reports.context import Context, gerrit_page
from cibot.reports.due import deadline_after, eligible
from cibot.reports.homes import home_of, reference_on
from cibot.reports.listing import CiLine
from cibot.store.changes import ChangeRow, changes_by_id
from cibot.store.cis import CiName, ci_names, ci_rows, server_urls
from cibot.store.engine import Tx
from cibot.store.histories import DuePatchSet, patch_sets_judged_by
from cibot.store.reports import StoredReport, reports_of

WINDOW = timedelta(days=7)
_LEARN = timedelta(days=28)  # how long a report may take is learnt from these
_MOST_PROJECTS = 30  # that are looked at, those with the newest reports first


@dataclass(frozen=True, slots=True)
class MissedPatchSet:
    """A patch set without a report by ``deadline``, though the reference judged it."""

    number: int
    patch_set: int
    project: str
    subject: str
    uploaded_at: datetime
    deadline: datetime
    gerrit: str | None


@dataclass(frozen=True, slots=True)
class Missed:
    """What a CI missed of the ``due`` patch sets of seven days, newest first.

    ``total`` counts all of them, ``patch_sets`` holds the newest. ``allowed``
    is the time that it usually takes at the most; ``references`` are who
    judged what it missed.
    """

    ci: CiLine
    due: int
    total: int
    allowed: timedelta
    references: tuple[str, ...]
    patch_sets: tuple[MissedPatchSet, ...]


def missed(tx: Tx, ctx: Context, name: str, limit: int = 50) -> Missed:
    """What the CI that ``name`` means has missed; UserError when none is meant.

    Due are the patch sets of its projects that the reference judged and that
    lived past the deadline, as for the silence signal, from its first report on.
    """
    row = find_ci(tx, name)
    if _leads_everywhere(tx, ctx, row):  # a month of its reports would be read in vain
        return Missed(line_of(tx, ctx, row), 0, 0, deadline_after(()), (), ())
    reports = reports_of(tx, row.id, ctx.now - _LEARN, ctx.now)
    references = _references(tx, ctx, row.name, reports)
    due = _due(tx, ctx, references)
    allowed = deadline_after(reports)
    scope = scopes(ctx.config.ci).get(row.name, Scope())
    found = eligible(due, reports, scope.covers, allowed, ctx.now)
    first = min((one.posted_at for one in reports), default=ctx.now)
    found = [one for one in found if one.deadline >= first]  # before, nobody waited for it
    absent = sorted(
        (one for one in found if not one.reported), key=lambda one: one.uploaded_at, reverse=True
    )
    changes = changes_by_id(tx, {one.change_id for one in absent[:limit]})
    urls = server_urls(tx)
    return Missed(
        line_of(tx, ctx, row),
        len(found),
        len(absent),
        allowed,
        tuple(sorted(set(references.values()))),
        tuple(
            MissedPatchSet(
                one.change,
                one.patch_set,
                one.project,
                changes[one.change_id].subject,
                one.uploaded_at,
                one.deadline,
                _page(urls, changes[one.change_id], one.patch_set),
            )
            for one in absent[:limit]
            if one.change_id in changes
        ),
    )


def _leads_everywhere(tx: Tx, ctx: Context, row: CiName) -> bool:
    """Whether a CI is the reference wherever it is at home: then nobody judged before it."""
    projects = home_of(tx, ctx, row.id).projects
    names = dict(ci_names(tx))
    return bool(projects) and all(
        reference_on(tx, ctx, project, names) == row.name for project in projects[:_MOST_PROJECTS]
    )


def _references(tx: Tx, ctx: Context, name: str, reports: list[StoredReport]) -> dict[str, str]:
    """The reference of each project that the CI reported on lately, itself left out."""
    names = dict(ci_names(tx))
    projects = list(dict.fromkeys(report.project for report in reversed(reports)))[:_MOST_PROJECTS]
    references = {project: reference_on(tx, ctx, project, names) for project in projects}
    return {
        project: reference
        for project, reference in references.items()
        if reference is not None and reference != name
    }


def _due(tx: Tx, ctx: Context, references: dict[str, str]) -> list[DuePatchSet]:
    ids = {one.name: one.id for one in ci_rows(tx)}
    due: list[DuePatchSet] = []
    for reference in sorted(set(references.values())):
        if reference in ids:
            projects = {one for one in references if references[one] == reference}
            since = ctx.now - WINDOW
            due += patch_sets_judged_by(tx, ids[reference], projects, since, ctx.now)
    return due


def _page(urls: dict[int, tuple[str, str]], change: ChangeRow, patch_set: int) -> str | None:
    server = urls.get(change.server_id)
    return gerrit_page(server[1], change.project, change.number, patch_set) if server else None
