"""Alerts of a CI by private message, for oneself or for others."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.actions.recording import record
from cibot.actions.roles import Actor, require_identified, require_owner
from cibot.config.models import Config
from cibot.config.network import NetworkConfig
from cibot.errors import UserError
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.store.cis import CiName
from cibot.store.engine import Store, Tx
from cibot.store.watches import StoredWatch, drop_watch, put_watch, seen_in, watches_of
from cibot.text.figures import cut

MOST = 50  # CIs that one person watches; more are a channel's business


def room_of(config: Config, actor: Actor) -> str:
    """Where a private message reaches somebody: a nick, a Slack user id, the terminal.

    Raises UserError where the network has no private messages.
    """
    network = config.network(actor.network)
    room = network.private_room(actor.nick, actor.account) if network else ""
    if room:
        return room
    raise UserError("I cannot send private messages here; ask me in IRC or Slack to watch a CI.")


@dataclass(frozen=True, slots=True)
class Watcher:
    """Whose watch it is, and where a private message reaches them; ``name`` is for people."""

    network: str
    account: str
    room: str
    name: str


def account_key(config: Config, network: str, account: str) -> str:
    """An account in the form under which watches are kept."""
    here = config.network(network)
    return here.account_key(account) if here else account


def watcher(config: Config, actor: Actor, who: str | None = None) -> Watcher:
    """The actor, or the person that ``who`` names.

    ``who`` is a [[person]], NETWORK:ACCOUNT or an account on the actor's network. Raises Refused
    for an actor without an account, UserError for an unknown name.
    """
    account = require_identified(config, actor)
    if who is None:
        key = account_key(config, actor.network, account)
        return Watcher(actor.network, key, room_of(config, actor), "You")
    somebody = next(
        (person for person in config.person if person.name.casefold() == who.casefold()), None
    )
    if somebody is not None:
        here = [account for account in somebody.accounts if account.startswith(f"{actor.network}:")]
        network, _, account = (here or somebody.accounts)[0].partition(":")
        return _other(config, network, account, somebody.name)
    network, colon, account = who.lstrip("@").partition(":")
    if not colon:
        network, account = actor.network, network
    return _other(config, network, account, account)


def _other(config: Config, network: str, account: str, name: str) -> Watcher:
    """Somebody else. On IRC the nick is taken to be the account until they are seen."""
    here = config.network(network)
    if here is None or not here.is_account(account):
        example = (here or NetworkConfig).account_example
        raise UserError(f"Who is {cut(name, 40)!r}? Write a [[person]]'s name or {example}.")
    return Watcher(network, account_key(config, network, account), account, name)


def watch(
    tx: Tx, ctx: Context, actor: Actor, name: str, who: str | None = None
) -> tuple[str, Watcher, bool]:
    """Watches the CI that is meant: its name, who watches, whether that is new.

    For somebody else only its owners and admins may. Raises Refused and UserError.
    """
    whom, ci = _meant(tx, ctx, actor, name, who)
    now = watches_of(tx, whom.network, whom.account)
    already = any(each.ci_id == ci.id for each in now)
    if not already and len(now) >= MOST:
        verb = "watch" if who is None else "watches"
        raise UserError(f"{whom.name} {verb} {MOST} CIs already; use a [[route]] for so many.")
    if who is None or not already:  # where others are reached, they know best
        put_watch(tx, StoredWatch(whom.network, whom.account, ci.id, whom.room, ctx.now))
    if not already:
        done = f"{whom.network}:{whom.account} watches {ci.name} at {whom.room}"
        record(tx, actor, "watch", _words(name, who), done, ctx.now)
    return ci.name, whom, not already


def unwatch(
    tx: Tx, ctx: Context, actor: Actor, name: str, who: str | None = None
) -> tuple[str, Watcher, bool]:
    """Ends the watch of a CI: its name, whose it was, whether there was one.

    For somebody else only its owners and admins may. Raises Refused and UserError.
    """
    whom, ci = _meant(tx, ctx, actor, name, who)
    ended = bool(drop_watch(tx, whom.network, whom.account, ci.id))
    if ended:
        done = f"{whom.network}:{whom.account} watches {ci.name} no more"
        record(tx, actor, "unwatch", _words(name, who), done, ctx.now)
    return ci.name, whom, ended


def _meant(
    tx: Tx, ctx: Context, actor: Actor, name: str, who: str | None
) -> tuple[Watcher, CiName]:
    """The watcher and the CI, after checking that the actor may set this watch."""
    whom, ci = watcher(ctx.config, actor, who), find_ci(tx, name)
    if who is not None:
        require_owner(ctx.config, actor, ci.name)
    return whom, ci


def _words(name: str, who: str | None) -> str:
    return name if who is None else f"{name} for {who}"


def unwatch_all(tx: Tx, ctx: Context, actor: Actor) -> int:
    """Ends every watch of this person; returns how many. Raises Refused."""
    account = require_identified(ctx.config, actor)
    ended = drop_watch(tx, actor.network, account_key(ctx.config, actor.network, account))
    if ended:
        record(tx, actor, "unwatch", "all", f"ended {ended} watches", ctx.now)
    return ended


def reach(store: Store, config: Config, actor: Actor) -> None:
    """Notes under which nick a watcher was seen last, where nicks change. Raises StoreError."""
    account = account_key(config, actor.network, actor.account or "")
    watched = store.read(lambda tx: watches_of(tx, actor.network, account))
    if any(row.room != actor.nick for row in watched):
        store.write(lambda tx: seen_in(tx, actor.network, account, actor.nick))
