"""The verdict of each CI of a project on its last patch sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.model import Result
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
    said: dict[int, list[VerdictRow]] = {change.id: [] for change in changes}
    for verdict in verdicts:
        said[verdict.change_id].append(verdict)
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
    rows = (_row(change, said[change.id], names) for change in changes if said[change.id])
    # Of some changes a CI has only said what judges nothing.
    shown = tuple(row for row in rows if row.cells)
    return Matrix(project, reference, tuple(at_home), shown, branch, tuple(branches))


def _row(change: ChangeRow, said: Sequence[VerdictRow], names: dict[int, str]) -> MatrixRow:
    last = max(verdict.patch_set for verdict in said)
    words: dict[int, dict[str | None, VerdictRow]] = {}
    for verdict in said:
        heard = words.setdefault(verdict.ci_id, {}) if verdict.patch_set == last else None
        if heard is not None and (verdict.result is not None or verdict.outcome == "started"):
            _hear(heard, verdict)
    cells = tuple(
        _cell(names[ci], list(by_pipeline.values()))
        for ci, by_pipeline in words.items()
        if by_pipeline and ci in names
    )
    return MatrixRow(change.number, last, change.subject, change.updated_at, cells)


def _hear(heard: dict[str | None, VerdictRow], verdict: VerdictRow) -> None:
    """A start counts only until there is a word: of the CI, whatever the pipeline is called."""
    if verdict.result is None and any(each.result is not None for each in heard.values()):
        return
    if verdict.result is not None:
        for pipeline in [key for key, each in heard.items() if each.result is None]:
            del heard[pipeline]
    heard[verdict.pipeline] = verdict


def _cell(ci: str, said: Sequence[VerdictRow]) -> MatrixCell:
    results = {verdict_of(verdict.result) for verdict in said}
    worst = next((result for result in _WORSE if result in results), None)
    return MatrixCell(ci, worst, max(verdict.posted_at for verdict in said))
