"""Noting who looks at an incident, and telling the channels that heard of it."""

from __future__ import annotations

import json

from cibot.actions.recording import record
from cibot.actions.roles import Actor, require_owner
from cibot.errors import UserError
from cibot.incidents.incident import acknowledge
from cibot.incidents.incidentrow import incident_from_row, incident_row
from cibot.incidents.messages import Subject, alert_card
from cibot.incidents.routing import Alert
from cibot.judging.audience import muted, tell_all
from cibot.reports.context import Context
from cibot.reports.homes import home_of
from cibot.reports.incidents import Incident, read_incidents
from cibot.store.cis import ci_rows
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


def take(tx: Tx, ctx: Context, actor: Actor, incident_id: int, note: str | None) -> Incident:
    """Acknowledges an incident in the actor's name; the channels that heard of it are told.

    Raises Refused for who may not, and UserError when there is nothing to look at.
    """
    stored = incident_by_id(tx, incident_id, lock=True)
    names = {one.id: one.name for one in ci_rows(tx)}
    if stored is None or stored.ci_id not in names:
        raise UserError(f"There is no incident #{incident_id}; incidents lists the open ones.")
    by = require_owner(ctx.config, actor, names[stored.ci_id])
    note = " ".join((note or "").split())[:LONGEST_NOTE] or None
    stored = _acknowledge(tx, ctx, stored, names[stored.ci_id], by, note)
    arguments = f"{incident_id} {note or ''}".strip()
    done = f"acknowledged #{incident_id} of {names[stored.ci_id]}"
    record(tx, actor, "ack", arguments, done, ctx.now)
    return read_incidents(tx, ctx, [stored])[0]


def _acknowledge(
    tx: Tx, ctx: Context, stored: StoredIncident, ci: str, by: str, note: str | None
) -> StoredIncident:
    before = incident_from_row(json.loads(stored.body), stored.id)
    after, transition = acknowledge(before, by, note, ctx.now)
    assert after is not None
    assert transition is not None
    row = StoredIncident(
        stored.id, stored.ci_id, stored.kind, after.phase.value, stored.opened_at,
        stored.resolved_at, after.changed_at,
        json.dumps(incident_row(after), ensure_ascii=False, separators=(",", ":")), stored.told,
    )  # fmt: skip
    update_incident(tx, row)
    step = StoredTransition(stored.id, ctx.now, transition.name, transition.reason)
    seq = add_transitions(tx, [step])[stored.id]
    if stored.told and muted(tx, ci, ctx.now) is None:
        configured = ctx.configured(ci)
        alert = Alert(
            ci,
            after.kind,
            after.severity,
            configured.owner if configured else None,
            frozenset(home_of(tx, ctx, stored.ci_id).projects),
        )
        key = f"incident:{stored.id}:{seq}:{transition.name}"
        card = alert_card(after, transition, Subject(ci, ctx.ci_page(ci)))
        about = About(MessageKind.ALERT, key, stored.id, transition.name)
        tell_all(tx, ctx.config, alert, stored.ci_id, about, card, ctx.now)
    return row
