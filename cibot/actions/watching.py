"""Hearing of a CI by private message: for oneself, by anybody whom the network vouches for."""

from __future__ import annotations

from cibot.actions.recording import record
from cibot.actions.roles import Actor, require_identified
from cibot.config import Config
from cibot.errors import UserError
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.store.engine import Store, Tx
from cibot.store.watches import StoredWatch, drop_watch, put_watch, seen_in, watches_of

MOST = 50  # CIs that one person watches; more are a channel's business


def room_of(config: Config, actor: Actor) -> str:
    """Where a private message reaches somebody: a nick, a Slack user id, the terminal.

    Raises UserError where the network has no private messages.
    """
    if any(one.name == actor.network for one in config.irc):
        return actor.nick
    if any(one.name == actor.network for one in config.slack):
        return actor.account or ""
    if actor.network == "console" and config.console:
        return "here"
    raise UserError("Nobody can be told in private here; ask me in IRC or Slack to watch a CI.")


def watch(tx: Tx, ctx: Context, actor: Actor, name: str) -> tuple[str, bool]:
    """Watches the CI that is meant: its name, and whether that is new. Raises Refused."""
    account = require_identified(ctx.config, actor)
    room = room_of(ctx.config, actor)
    ci = find_ci(tx, name)
    now = watches_of(tx, actor.network, account)
    known = any(one.ci_id == ci.id for one in now)
    if not known and len(now) >= MOST:
        raise UserError(f"You watch {MOST} CIs already; unwatch some, or ask for a [[route]].")
    put_watch(tx, StoredWatch(actor.network, account, ci.id, room, ctx.now))
    if not known:
        record(tx, actor, "watch", name, f"watches {ci.name} at {room}", ctx.now)
    return ci.name, not known


def unwatch(tx: Tx, ctx: Context, actor: Actor, name: str) -> tuple[str, bool]:
    """Ends the watch of a CI: its name, and whether there was one. Raises Refused."""
    account = require_identified(ctx.config, actor)
    ci = find_ci(tx, name)
    ended = bool(drop_watch(tx, actor.network, account, ci.id))
    if ended:
        record(tx, actor, "unwatch", name, f"watches {ci.name} no more", ctx.now)
    return ci.name, ended


def unwatch_all(tx: Tx, ctx: Context, actor: Actor) -> int:
    """Ends every watch of this person; returns how many. Raises Refused."""
    account = require_identified(ctx.config, actor)
    ended = drop_watch(tx, actor.network, account)
    if ended:
        record(tx, actor, "unwatch", "all", f"ended {ended} watches", ctx.now)
    return ended


def reach(store: Store, config: Config, actor: Actor) -> None:
    """Notes under which nick a watcher was seen last. Raises StoreError.

    Only IRC's nicks change: an account is reached under the nick that it wears.
    """
    account = actor.account
    if not account or not any(one.name == actor.network for one in config.irc):
        return
    watched = store.read(lambda tx: watches_of(tx, actor.network, account))
    if any(one.room != actor.nick for one in watched):
        store.write(lambda tx: seen_in(tx, actor.network, account, actor.nick))
