"""The CI that a question is about."""

from __future__ import annotations

import re

from cibot.errors import UserError
from cibot.reports.context import Context
from cibot.reports.incidents import open_by_ci
from cibot.reports.listing import CiLine, ci_line, on_branch
from cibot.reports.names import resolve
from cibot.store.cis import CiName, ci_names, latest_reports
from cibot.store.engine import Tx
from cibot.store.incidents import health_of, incident_by_id, incidents_of
from cibot.store.leaving import retirements

_INCIDENT = re.compile(r"#([0-9]{1,17})")


def find_ci(tx: Tx, wanted: str) -> CiName:
    """The CI that is meant, fuzzily or by an incident of it, as #218.

    UserError, asking back, when several fit or none does.
    """
    by_name = {ci_name.name: ci_name for ci_name in ci_names(tx)}
    if (number := _INCIDENT.fullmatch(wanted)) and wanted not in by_name:
        stored = incident_by_id(tx, int(number[1]))
        named = next((row for row in by_name.values() if stored and row.id == stored.ci_id), None)
        if named is None:
            raise UserError(f"There is no incident {wanted}.")
        return named
    return by_name[resolve(wanted, list(by_name))]


def line_of(tx: Tx, ctx: Context, row: CiName, branch: str | None = None) -> CiLine:
    """What is known of one CI, or of it on a branch, in one line.

    Raises UserError, asking back, when ``branch`` means none where it is at home.
    """
    health = next(iter(health_of(tx, row.id)), None)
    last = latest_reports(tx, row.id)
    heard_at = last[0].posted_at if last else None
    incidents = open_by_ci(tx, ctx, row.id).get(row.id, ())
    line = ci_line(ctx, row, health, heard_at, incidents, retirements(tx).get(row.id))
    return line if branch is None else on_branch(ctx, line, branch)


def open_incident(tx: Tx, name: str) -> int:
    """The number of a CI's open incident; UserError when none is open."""
    ci = find_ci(tx, name)
    stored = incidents_of(tx, ci.id)
    if not stored:
        raise UserError(f"No incident of {ci.name} is open.")
    return stored[0].id
