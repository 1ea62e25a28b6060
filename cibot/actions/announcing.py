"""Tells the rooms that a silence mutes of it: a channel that hears nothing should know why."""

from __future__ import annotations

from cibot.incidents.messages import silence_card, unsilence_card
from cibot.incidents.quiet_hours import quiet_until
from cibot.incidents.routing import chooses, fits_branches
from cibot.incidents.silences import Silence, covers
from cibot.judging.audience import rule_of
from cibot.model import Channel, State
from cibot.reports.context import Context
from cibot.reports.homes import NOWHERE, branches_on, homes
from cibot.store import outbox
from cibot.store.cis import ci_names
from cibot.store.engine import Tx
from cibot.store.outbox import About, MessageKind, MessageState
from cibot.store.silences import silence_by_id


def tell_silence(
    tx: Tx, ctx: Context, silence_id: int, asked_in: Channel, ended_by: str | None = None
) -> None:
    """Tells every room that gets alerts of a muted CI, but not the one where it was asked for.

    ``ended_by`` is who ended it before its time. In a room's quiet hours it waits for their end.
    """
    config, now = ctx.config, ctx.now
    stored = silence_by_id(tx, silence_id)
    assert stored is not None
    rule = rule_of(stored)
    card, what = silence_card(stored.pattern, rule, now), "silence"
    if ended_by is not None:
        card, what = unsilence_card(stored.pattern, rule, ended_by), "unsilence"
    for to in _muted_rooms(tx, ctx, rule):
        if to == asked_in:
            continue
        about = About(MessageKind.SILENCE, f"{what}:{silence_id}:{to}"[:190])
        until = quiet_until(config.quiet, str(to), State.HEALTHY, now)
        state = MessageState.PENDING if until is None else MessageState.HELD
        outbox.enqueue(tx, about, to, card.to_json(), now, due=until, state=state)


def _muted_rooms(tx: Tx, ctx: Context, silence: Silence) -> list[Channel]:
    """The channels of every route that takes a muted CI, each once."""
    muted = {row.id: row.name for row in ci_names(tx) if covers(silence, row.name)}
    owners = {ci.name: ci.owner for ci in ctx.config.ci}
    at_home = homes(tx, ctx, muted)
    found: dict[str, None] = {}
    for route in ctx.config.route:
        if any(
            chooses(route, name, owners.get(name), at_home.get(ci_id, NOWHERE).projects)
            and fits_branches(route, [there.branch for there in branches_on(tx, ci_id)])
            for ci_id, name in muted.items()
        ):
            found.update(dict.fromkeys(route.channels))
    return [Channel.parse(name) for name in found]
