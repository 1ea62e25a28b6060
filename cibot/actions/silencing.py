"""Mutes a CI's alerts for a while, ends that early, and notifies the rooms that are muted."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from cibot.actions.recording import record
from cibot.actions.roles import Actor, require_admin, require_owner
from cibot.errors import Conflict, UserError
from cibot.incidents.messages import silence_card, unsilence_card
from cibot.incidents.routing import chooses, covers, fits_branches, quiet_until
from cibot.model import Channel, Silence, State
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.home_projects import NOWHERE, branches_on, home_projects
from cibot.reports.silences import silence, silences
from cibot.store import outbox
from cibot.store.cis import ci_names
from cibot.store.engine import Tx
from cibot.store.outbox import About, MessageKind, MessageState
from cibot.store.silences import add_silence, end_silence
from cibot.text.figures import cut, span

LONGEST = timedelta(days=90)
SHORTEST = timedelta(minutes=1)
_PATTERN = re.compile(r"[*?\[]")


def put_silence(
    tx: Tx, ctx: Context, actor: Actor, target: str, length: timedelta, reason: str
) -> Silence:
    """Mutes the CI that ``target`` means, or all CIs that a pattern with ``*`` fits.

    The muted rooms get a message. Raises Refused for an actor who may not, and UserError for a
    wrong target or length.
    """
    pattern, wide, by = _allowed(tx, ctx, actor, target)
    reason = " ".join(reason.split())
    if not reason:
        raise UserError("Say why, so that others need not ask, as in: silence netapp 2h new disks.")
    if not SHORTEST <= length <= LONGEST:
        raise UserError(
            f"A silence lasts between a minute and {LONGEST.days} days; for longer, take the CI "
            "out of the [[route]]s."
        )
    until = ctx.now + length
    for row in silences(tx, ctx):
        if (row.since, row.ci, row.by, row.reason) == (ctx.now, pattern, by, reason):
            return row  # the same request, tried again as the answer to its commit was lost
    made = add_silence(tx, pattern, ctx.now, until, by, reason, is_pattern=wide)
    said = f"#{made}: {pattern} for {span(length)}, until {until:%Y-%m-%d %H:%M} UTC: {reason}"
    record(tx, actor, "silence", f"{target} {span(length)} {reason}", said, ctx.now)
    stored = silence(tx, made)
    notify_rooms(tx, ctx, stored, Channel(actor.network, actor.where))
    return stored


def is_pattern(target: str) -> bool:
    """Whether it means all CIs that fit, not one; unless a CI has it for its name."""
    return bool(_PATTERN.search(target))


def end_silences_of(tx: Tx, ctx: Context, actor: Actor, target: str) -> tuple[str, list[Silence]]:
    """Ends every active silence of a CI or of just that pattern: its name, and what ended.

    A wider pattern that mutes the CI as well is left alone. Raises Refused.
    """
    pattern, wide, by = _allowed(tx, ctx, actor, target)
    mine = [
        muted
        for muted in silences(tx, ctx)
        if muted.is_pattern == wide and muted.ci.casefold() == pattern.casefold()
    ]
    return pattern, [ended for muted in mine if (ended := _end(tx, ctx, actor, muted, by, target))]


def end_silence_by_id(tx: Tx, ctx: Context, actor: Actor, silence_id: int) -> Silence:
    """Ends one silence; Refused for an actor who may not, UserError when it is over or unknown."""
    stored = silence(tx, silence_id)
    if stored.is_pattern:
        by = require_admin(ctx.config, actor)
    else:
        by = require_owner(ctx.config, actor, stored.ci)
    ended = _end(tx, ctx, actor, stored, by, f"#{silence_id}")
    if ended is None:
        raise Conflict(f"Silence #{silence_id} of {cut(stored.ci, 40)} is over already.")
    return ended


def _allowed(tx: Tx, ctx: Context, actor: Actor, target: str) -> tuple[str, bool, str]:
    """The name or the pattern that is meant, which of the two it is, and who may mute it."""
    named = {_folded(row.name): row.name for row in ci_names(tx)}.get(_folded(target))
    if named is None and is_pattern(target):
        if len(target) > 100:
            raise UserError("That pattern is too long; 100 characters are enough.")
        return target, True, require_admin(ctx.config, actor)
    name = named or find_ci(tx, target).name
    return name, False, require_owner(ctx.config, actor, name)


def _folded(name: str) -> str:
    """A name as it comes from chat, where letters are typed in one form, in any case."""
    return unicodedata.normalize("NFKC", name).casefold()


def _end(
    tx: Tx, ctx: Context, actor: Actor, stored: Silence, by: str, arguments: str
) -> Silence | None:
    if not end_silence(tx, stored.id, by, ctx.now):
        return None
    record(tx, actor, "unsilence", arguments, f"ended #{stored.id} of {stored.ci}", ctx.now)
    ended = silence(tx, stored.id)
    notify_rooms(tx, ctx, ended, Channel(actor.network, actor.where), ended_by=by)
    return ended


def notify_rooms(
    tx: Tx, ctx: Context, silence: Silence, asked_in: Channel, ended_by: str | None = None
) -> None:
    """Tells every room that gets alerts of a muted CI, but not the one where it was asked for.

    ``ended_by`` is who ended it before its time. In a room's quiet hours it waits for their end.
    """
    config, now = ctx.config, ctx.now
    card, what = silence_card(silence, now), "silence"
    if ended_by is not None:
        card, what = unsilence_card(silence, ended_by), "unsilence"
    for to in _muted_rooms(tx, ctx, silence):
        if to == asked_in:
            continue
        about = About(MessageKind.SILENCE, f"{what}:{silence.id}:{to}"[:190])
        until = quiet_until(config.quiet, str(to), State.HEALTHY, now)
        state = MessageState.PENDING if until is None else MessageState.HELD
        outbox.enqueue(tx, about, to, card.to_json(), now, due=until, state=state)


def _muted_rooms(tx: Tx, ctx: Context, silence: Silence) -> list[Channel]:
    """The channels of every route that takes a muted CI, each once."""
    muted = {row.id: row.name for row in ci_names(tx) if covers(silence, row.name)}
    owners = {ci.name: ci.owner for ci in ctx.config.ci}
    at_home = home_projects(tx, ctx, muted)
    channels: dict[str, None] = {}
    for route in ctx.config.route:
        if any(
            chooses(route, name, owners.get(name), at_home.get(ci_id, NOWHERE).projects)
            and fits_branches(route, [there.branch for there in branches_on(tx, ci_id)])
            for ci_id, name in muted.items()
        ):
            channels.update(dict.fromkeys(route.channels))
    return [Channel.parse(name) for name in channels]
