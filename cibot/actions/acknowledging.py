"""Records who works on an incident, and notifies the channels that got its alert."""

from __future__ import annotations

from cibot.actions.recording import record
from cibot.actions.roles import Actor, require_owner
from cibot.errors import UserError
from cibot.incidents.incident import acknowledge
from cibot.incidents.messages import Subject, acknowledged_card
from cibot.incidents.routing import alert_of
from cibot.incidents.stored import columns, read_incident, step_columns
from cibot.judging.audience import muted, tell_all
from cibot.reports.context import Context
from cibot.reports.home_projects import branches_on, home_of
from cibot.reports.incidents import IncidentLine, read_incidents
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.store.incidents import (
    StoredIncident,
    StoredTransition,
    add_transitions,
    incident_by_id,
    update_incident,
)
from cibot.store.outbox import About, MessageKind

LONGEST_NOTE = 300  # characters


def take(tx: Tx, ctx: Context, actor: Actor, incident_id: int, note: str | None) -> IncidentLine:
    """Acknowledges an incident in the actor's name and notifies the channels that got its alert.

    Raises Refused for an actor who may not, and UserError when the incident does not exist or is
    over.
    """
    stored = incident_by_id(tx, incident_id, lock=True)
    names = {ci.id: ci.name for ci in all_cis(tx)}
    if stored is None or stored.ci_id not in names:
        raise UserError(f"There is no incident #{incident_id}; incidents lists the open ones.")
    by = require_owner(ctx.config, actor, names[stored.ci_id])
    note = " ".join((note or "").split())[:LONGEST_NOTE] or None
    stored = _acknowledge(tx, ctx, stored, names[stored.ci_id], by, note)
    arguments = f"{incident_id} {note or ''}".strip()
    done = f"acknowledged #{stored.id} of {names[stored.ci_id]}"
    record(tx, actor, "ack", arguments, done, ctx.now)
    return read_incidents(tx, ctx, [stored])[0]


def _acknowledge(
    tx: Tx, ctx: Context, stored: StoredIncident, ci: str, by: str, note: str | None
) -> StoredIncident:
    before = read_incident(stored.body, stored.id)
    after, transition = acknowledge(before, by, note, ctx.now)
    row = StoredIncident(stored.id, stored.ci_id, **columns(after))
    update_incident(tx, row)
    step = StoredTransition(stored.id, **step_columns(transition))
    seq = add_transitions(tx, [step])[stored.id]
    if stored.notified and muted(tx, ci, ctx.now) is None:
        owner = ctx.entry(ci).owner
        projects = frozenset(home_of(tx, ctx, stored.ci_id).projects)
        branches = branches_on(tx, stored.ci_id)
        alert = alert_of(ci, after, owner, projects, branches)
        key = f"incident:{stored.id}:{seq}:{transition.name}"
        about = About(MessageKind.ALERT, key, stored.id, transition.name)
        page = ctx.page("incidents", stored.id)
        card = acknowledged_card(after, transition, Subject(ci, ctx.page("ci", ci)), page)
        tell_all(tx, ctx.config, alert, stored.ci_id, about, card, ctx.now)
    return row
