"""The verdict of each CI of a project on its last patch sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.model import Result
from cibot.reports.change import last_words
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.failures import verdict_of
from cibot.reports.home_projects import cis_on, reference_on
from cibot.reports.listing import all_lines, branches_of, lines_on
from cibot.reports.names import resolve_branch
from cibot.reports.projects import find_project
from cibot.store.changes import ChangeRow, latest_changes
from cibot.store.engine import Tx
from cibot.store.reports import VerdictRow, verdicts_on

MOST = 100
_LOOK_BACK = timedelta(days=28)
_WORSE = (Result.FAIL, Result.INFRA, Result.PASS, Result.SKIPPED)


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What a CI says of a patch set: its worst last word over its pipelines.

    ``result`` is None while it has only started.
    """

    ci: str
    result: Result | None
    at: datetime


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A change's last patch set that any CI spoke of; a CI that is silent has no cell."""

    number: int
    patch_set: int
    subject: str
    updated_at: datetime
    cells: tuple[MatrixCell, ...]

    def by_ci(self) -> dict[str, MatrixCell]:
        """What each CI says, by its name."""
        return {cell.ci: cell for cell in self.cells}


@dataclass(frozen=True, slots=True)
class Matrix:
    """A project: its reference and its CIs, who judges most first, and its last changes.

    ``branch`` is the one that was asked about, ``branches`` are those where its CIs are at home.
    """

    project: str
    reference: str | None
    cis: tuple[CiLine, ...]
    rows: tuple[MatrixRow, ...]
    branch: str | None = None
    branches: tuple[str, ...] = ()


def matrix(
    tx: Tx, ctx: Context, project: str, limit: int = 30, branch: str | None = None
) -> Matrix:
    """The last ``limit`` (1..100) changes of 28 days that CIs spoke of, newest first.

    Of one branch the CIs are those at home there, as they are there. Raises UserError when no
    project or no branch is meant.
    """
    project = find_project(tx, project)
    every = all_lines(tx, ctx)
    present = cis_on(tx, project)
    home = [line for line in every if line.id in present]
    branches = branches_of(home)
    if branch is not None:
        branch = resolve_branch(branch, branches)
        home = lines_on(ctx, home, {branch})
    changes = latest_changes(tx, project, ctx.now - _LOOK_BACK, min(limit, MOST), branch)
    verdicts = verdicts_on(tx, [change.id for change in changes])
    names = {line.id: line.name for line in every}
    judge = reference_on(tx, ctx, project, names, branch)
    reference = judge.name if judge else None
    judged = Counter(
        ci_id
        for ci_id, _change in {
            (verdict.ci_id, verdict.change_id) for verdict in verdicts if verdict.result
        }
    )
    at_home = sorted(
        home, key=lambda ci: (ci.name != reference, -judged[ci.id], ci.name.casefold())
    )
    rows = _rows(changes, verdicts, names)
    return Matrix(project, reference, tuple(at_home), rows, branch, tuple(branches))


def _rows(
    changes: Sequence[ChangeRow], verdicts: Sequence[VerdictRow], names: Mapping[int, str]
) -> tuple[MatrixRow, ...]:
    """What CIs say of the last patch set of each change; without one that nobody judges."""
    newest: dict[int, int] = {}
    for verdict in verdicts:
        newest[verdict.change_id] = max(verdict.patch_set, newest.get(verdict.change_id, 0))
    words, started = last_words(
        verdict for verdict in verdicts if verdict.patch_set == newest[verdict.change_id]
    )
    said: dict[int, dict[int, list[VerdictRow]]] = {change.id: {} for change in changes}
    for word in words:
        said[word.change_id].setdefault(word.ci_id, []).append(word)
    for (change_id, ci_id), start in started.items():
        said[change_id].setdefault(ci_id, [start])
    rows = (
        MatrixRow(
            change.number,
            newest[change.id],
            change.subject,
            change.updated_at,
            tuple(_cell(names[ci], some) for ci, some in said[change.id].items() if ci in names),
        )
        for change in changes
        if said[change.id]
    )
    return tuple(row for row in rows if row.cells)


def _cell(ci: str, said: Sequence[VerdictRow]) -> MatrixCell:
    results = {verdict_of(verdict.result) for verdict in said}
    worst = next((result for result in _WORSE if result in results), None)
    return MatrixCell(ci, worst, max(verdict.posted_at for verdict in said))
