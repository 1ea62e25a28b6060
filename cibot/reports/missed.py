"""Patch sets that a CI should have reported on and did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.reports.ci import find_ci, line_of
from cibot.reports.context import Context, gerrit_page
from cibot.reports.homes import home_of
from cibot.reports.listing import CiLine
from cibot.store.chances import MissedRow, StoredChances, chances_of
from cibot.store.changes import ChangeRow, changes_by_id
from cibot.store.cis import server_urls
from cibot.store.engine import Tx


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

    Uploads of the same few minutes are one chance. Of ``due`` chances it missed ``total``;
    ``in_a_row`` more went by since it was last heard. ``patch_sets`` are the newest that
    it missed. ``allowed`` is the time from upload to deadline; ``reference`` is the CI
    that judged on its main project what was due, None where every upload is.
    """

    ci: CiLine
    window: timedelta
    due: int
    total: int
    in_a_row: int
    allowed: timedelta
    reference: str | None
    patch_sets: tuple[MissedPatchSet, ...]


def missed(tx: Tx, ctx: Context, name: str, limit: int = 50) -> Missed:
    """What the CI that ``name`` means has missed; UserError when none is meant."""
    row = find_ci(tx, name)
    chances = chances_of(tx, row.id) or StoredChances(row.id, 0, 0, 0, 0.0, ())
    newest = chances.patch_sets[:limit]
    changes = changes_by_id(tx, {each.change_id for each in newest})
    urls = server_urls(tx)
    return Missed(
        line_of(tx, ctx, row),
        ctx.config.judgement.coverage.window,
        chances.due,
        chances.missed,
        chances.in_a_row,
        timedelta(seconds=chances.allowed_s),
        home_of(tx, ctx, row.id).reference,
        tuple(
            _patch_set(each, changes[each.change_id], urls)
            for each in newest
            if each.change_id in changes
        ),
    )


def _patch_set(
    missed: MissedRow, change: ChangeRow, urls: dict[int, tuple[str, str]]
) -> MissedPatchSet:
    server = urls.get(change.server_id)
    return MissedPatchSet(
        change.number,
        missed.patch_set,
        change.project,
        change.subject,
        missed.uploaded_at,
        missed.deadline,
        gerrit_page(server[1], change.project, change.number, missed.patch_set) if server else None,
    )
