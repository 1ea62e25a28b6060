"""Patch sets that a CI should have reported on and did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.model import Window
from cibot.reports.ci import CiLine, branch_name, line_named
from cibot.reports.context import Context, gerrit_page, same_fields
from cibot.reports.history import days_before
from cibot.reports.home_projects import home_of
from cibot.reports.period_sums import sums_of, together
from cibot.store.changes import ChangeRow, changes_by_id
from cibot.store.cis import server_urls
from cibot.store.engine import Tx
from cibot.store.rollup import MissedRow, StoredChances, chances_of


@dataclass(frozen=True, slots=True)
class MissedPatchSet:
    """A patch set without a report by ``deadline``, though it was due."""

    number: int
    patch_set: int
    project: str
    subject: str
    uploaded_at: datetime
    deadline: datetime
    gerrit: str | None


@dataclass(frozen=True, slots=True)
class Missed:
    """What a CI missed of its chances to report in ``window``, by the judging's own count.

    Uploads of the same few minutes are one chance. Of ``due`` chances in ``window`` until it was
    last heard it missed ``total``; ``in_a_row`` more went by since. ``until`` is when that was,
    None where it is less than a day ago. ``patch_sets`` are the newest
    that it missed. ``allowed`` is the time from upload to deadline; ``reference`` is the CI
    that judged on its main project what was due, None where every upload is. On one branch
    the chances are those of whole UTC days, and those in a row are among ``total``.
    """

    ci: CiLine
    window: timedelta
    due: int
    total: int
    in_a_row: int
    allowed: timedelta
    reference: str | None
    patch_sets: tuple[MissedPatchSet, ...]
    until: datetime | None = None


def missed(tx: Tx, ctx: Context, name: str, limit: int = 50, branch: str | None = None) -> Missed:
    """What the CI that ``name`` means has missed, or on a branch.

    Raises UserError, asking back, when no CI or no branch is meant.
    """
    line = line_named(tx, ctx, name, branch)
    there, length = branch_name(line), ctx.config.judgement.coverage.window
    heard = line.last_heard_at if there is None else None
    chances = chances_of(tx, line.id) or StoredChances(line.id, 0, 0, 0, 0.0, ())
    changes = changes_by_id(tx, {each.change_id for each in chances.patch_sets})
    if there is not None:
        chances = _on_branch(tx, chances, days_before(ctx.now, length.days), there, changes)
    newest = chances.patch_sets[:limit]
    urls = {key: url for key, (_name, url) in server_urls(tx).items()}
    return Missed(
        line,
        length,
        chances.due,
        chances.missed,
        chances.in_a_row,
        timedelta(seconds=chances.allowed_s),
        home_of(tx, ctx, line.id, there).reference,
        tuple(
            _patch_set(each, changes[each.change_id], urls)
            for each in newest
            if each.change_id in changes
        ),
        heard if heard and ctx.now - heard >= timedelta(days=1) else None,
    )


def _on_branch(
    tx: Tx,
    chances: StoredChances,
    days: Window,
    branch: str,
    changes: Mapping[int, ChangeRow],
) -> StoredChances:
    """Those on a branch, as the roll-up has them."""
    whole = Window(days.since, days.until + timedelta(days=1))
    counted = together(
        sums
        for by_branch in sums_of(tx, {chances.ci_id}, whole, None, {branch}, jobs=False).values()
        for sums in by_branch.values()
    )
    missed = tuple(
        each
        for each in chances.patch_sets
        if each.uploaded_at in days
        and each.change_id in changes
        and changes[each.change_id].branch == branch
    )
    return StoredChances(chances.ci_id, counted.due, counted.missed, 0, chances.allowed_s, missed)


def _patch_set(missed: MissedRow, change: ChangeRow, urls: dict[int, str]) -> MissedPatchSet:
    own = same_fields(MissedPatchSet, change) | same_fields(MissedPatchSet, missed)
    url = urls.get(change.server_id)
    page = gerrit_page(url, change.project, change.number, missed.patch_set)
    return MissedPatchSet(**own, gerrit=page)
