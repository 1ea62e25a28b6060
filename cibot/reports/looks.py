"""How many of the last failures are worth a look, weighed as `change` weighs them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cibot.model import Window
from cibot.reports.change import BAD, ci_verdicts, worth_a_look
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.store.changes import changes_by_id
from cibot.store.engine import Tx
from cibot.store.reports import verdicts_on
from cibot.store.weighing import failed_patch_sets, last_patch_sets

_PATCH_SETS = 12  # that are weighed: each costs about what an answer to `change` does
_REPORTS = 100  # failures that are looked through for them


@dataclass(frozen=True, slots=True)
class PatchSetLooks:
    """A patch set with failures that are worth a look."""

    number: int
    patch_set: int
    project: str
    looks: int
    failures: int
    page: str | None


@dataclass(frozen=True, slots=True)
class Looks:
    """Of the ``failures`` on the last few failed patch sets of open changes, those worth a look.

    ``patch_sets`` are theirs, the newest first.
    """

    failures: int = 0
    looks: int = 0
    patch_sets: tuple[PatchSetLooks, ...] = ()


NO_FAILURES = Looks()


def looks(
    tx: Tx,
    ctx: Context,
    lines: Sequence[CiLine],
    chosen: Collection[int],
    window: Window,
    branches: Collection[str] | None = None,
) -> Looks:
    """What the ``chosen`` of all CIs failed in a window, on the last patch sets of changes."""
    failed = failed_patch_sets(tx, chosen, window.since, window.until, _REPORTS, branches)
    last = last_patch_sets(tx, {change_id for change_id, _number in failed})
    asked = [(key, number) for key, number in dict.fromkeys(failed) if number == last.get(key)]
    patch_sets = dict(asked[:_PATCH_SETS])
    changes = changes_by_id(tx, patch_sets)
    verdicts = ci_verdicts(
        tx, {line.id: line for line in lines}, verdicts_on(tx, list(patch_sets)), patch_sets
    )
    total, shown = 0, list[PatchSetLooks]()
    for change_id, number in patch_sets.items():
        bad = [
            verdict
            for verdict in verdicts[change_id]
            if verdict.result in BAD and verdict.ci.id in chosen
        ]
        worth = sum(map(worth_a_look, bad))
        total += len(bad)
        if worth:
            row = changes[change_id]
            page = ctx.page("change", row.number, project=row.project)
            shown.append(PatchSetLooks(row.number, number, row.project, worth, len(bad), page))
    return Looks(total, sum(patch_set.looks for patch_set in shown), tuple(shown))
