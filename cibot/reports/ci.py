"""The CI that a question is about."""

from __future__ import annotations

from cibot.reports.context import Context
from cibot.reports.incidents import open_by_ci
from cibot.reports.listing import CiLine, ci_line
from cibot.reports.names import resolve
from cibot.store.engine import Tx
from cibot.store.incidents import health_of
from cibot.store.queries_ci import CiRow, ci_rows, latest_reports


def find_ci(tx: Tx, wanted: str) -> CiRow:
    """The CI that is meant, fuzzily; UserError, asking back, when several fit or none does."""
    rows = {one.name: one for one in ci_rows(tx)}
    return rows[resolve(wanted, list(rows))]


def line_of(tx: Tx, ctx: Context, row: CiRow) -> CiLine:
    """What is known of one CI, in one line."""
    health = next(iter(health_of(tx, row.id)), None)
    last = latest_reports(tx, row.id)
    heard_at = last[0].posted_at if last else None
    return ci_line(ctx, row, health, heard_at, open_by_ci(tx, ctx, row.id).get(row.id, ()))
