"""Retires CIs that are gone, and deletes those that were discovered by mistake."""

from __future__ import annotations

from cibot.actions.recording import record
from cibot.actions.roles import Actor, require_admin
from cibot.config.models import Config
from cibot.errors import Conflict
from cibot.incidents.incident import closed
from cibot.incidents.stored import columns, readable
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.store.cis import ci_names
from cibot.store.engine import Tx
from cibot.store.incidents import StoredIncident, incidents_of, update_incident
from cibot.store.leaving import (
    account_ids_of,
    drop_health,
    exclude_accounts,
    forget_ci,
    retirements,
    set_retired,
)
from cibot.store.rollup import end_spells
from cibot.store.set_aside import take_back


def retire(tx: Tx, ctx: Context, actor: Actor, target: str) -> str:
    """Stops judging, listing and notifying about a CI; its history stays. Returns its name.

    Raises Refused unless the actor is an admin, and Conflict where it is so already.
    """
    require_admin(ctx.config, actor)
    ci = find_ci(tx, target, whole=True)
    if ci.id in retirements(tx):
        raise Conflict(f"{ci.name} is retired already.")
    set_retired(tx, ci.id, ctx.now)
    take_back(tx, "CI", [ci.name])
    close(tx, ctx, ci.id)
    record(tx, actor, "retire", target, f"{ci.name} is retired", ctx.now)
    return ci.name


def unretire(tx: Tx, ctx: Context, actor: Actor, target: str) -> str:
    """Resumes judging a retired CI. Returns its name.

    Raises Refused unless the actor is an admin, and Conflict where the configuration retires it,
    or nobody did.
    """
    require_admin(ctx.config, actor)
    ci = find_ci(tx, target)
    if ctx.entry(ci.name).retired:
        raise Conflict(f"{ci.name} is retired in the configuration: take `retired` out there.")
    if ci.id not in retirements(tx):
        raise Conflict(f"{ci.name} is not retired.")
    set_retired(tx, ci.id, None)
    record(tx, actor, "unretire", target, f"{ci.name} is judged again", ctx.now)
    return ci.name


def exclude(tx: Tx, ctx: Context, actor: Actor, target: str) -> str:
    """Deletes what is not a CI, with its reports and incidents, and excludes its accounts.

    Raises Refused unless the actor is an admin, and Conflict for a configured CI.
    """
    require_admin(ctx.config, actor)
    ci = find_ci(tx, target, whole=True)
    if ctx.entry(ci.name).accounts:
        raise Conflict(f"{ci.name} is named in the configuration: take it out there first.")
    exclude_accounts(tx, account_ids_of(tx, ci.id), ctx.now)
    forget_ci(tx, ci.id)
    take_back(tx, "CI", [ci.name])
    record(tx, actor, "exclude", target, f"{ci.name} is no CI", ctx.now)
    return ci.name


def close(tx: Tx, ctx: Context, ci_id: int) -> None:
    """Resolves the open incidents of a retired CI without a message."""
    drop_health(tx, ci_id)
    end_spells(tx, ci_id, ctx.now)
    for row, incident in readable(incidents_of(tx, ci_id)):
        ended = closed(incident, ctx.now)
        update_incident(tx, StoredIncident(row.id, ci_id, **columns(ended)))


def close_retired(tx: Tx, config: Config, ctx: Context) -> None:
    """At the start: ends what is open of the CIs that the configuration calls retired."""
    retired = {entry.name for entry in config.ci if entry.retired}
    for row in ci_names(tx) if retired else ():
        if row.name in retired:
            close(tx, ctx, row.id)
