"""Who may change what: only accounts that the network vouches for, never a bare nick. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.config.models import Config, PersonConfig
from cibot.config.network import NetworkConfig
from cibot.config.values import ascii_lower
from cibot.errors import UserError
from cibot.text.figures import cut, listed
from cibot.text.patterns import fits_any

TRUSTED = frozenset({"console", "cli"})
"""Networks whose asker has the terminal, and with it the database: an admin by default."""


API = "api"
"""The network of those who come by the JSON API; their account is the name of their token."""


class Refused(UserError):
    """Somebody may not do that; the text says how to get the right."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and where they asked for it.

    ``account`` is the identity that the network vouches for (the services account on IRC, the user
    id on Slack), or None: then they may change nothing. ``where`` is the room, or the private
    conversation.
    """

    network: str
    account: str | None
    nick: str
    where: str = ""

    @property
    def identity(self) -> str:
        """As the configuration writes it, ``NETWORK:ACCOUNT``; empty without an account."""
        return f"{self.network}:{self.account}" if self.account else ""


ANONYMOUS = Actor("", None, "?")


def person(config: Config, actor: Actor) -> PersonConfig | None:
    """The configured person whose account this is.

    Services compare accounts without case; only A-Z is folded, so that a letter that merely looks
    alike is not the same.
    """
    if not actor.account:
        return None
    wanted = ascii_lower(actor.identity)
    persons = (each for each in config.person if wanted in map(ascii_lower, each.accounts))
    return next(persons, None)


def name_of(config: Config, actor: Actor) -> str:
    """What the person is called in silences, incidents and the audit."""
    somebody = person(config, actor)
    return somebody.name if somebody else actor.account or actor.nick


def require_identified(config: Config, actor: Actor) -> str:
    """The account that the network vouches for; raises Refused without one."""
    if actor.account:
        return actor.account
    network = config.network(actor.network)
    raise Refused((network or NetworkConfig).unidentified)


def require_admin(config: Config, actor: Actor) -> str:
    """The name of an admin; else raises Refused."""
    require_identified(config, actor)
    if _rights(config, actor).admin:
        return name_of(config, actor)
    raise Refused(f"Only an admin may do that. {_remedy(config, actor, 'admin = true')}")


def require_owner(config: Config, actor: Actor, ci: str) -> str:
    """The name of an admin or of an owner of the CI; else raises Refused."""
    require_identified(config, actor)
    rights = _rights(config, actor)
    if rights.admin or fits_any(rights.owns, ci):
        return name_of(config, actor)
    shown = cut(ci, 40)
    remedy = _remedy(config, actor, f'owns = ["{shown}"]')
    raise Refused(f"Only an owner of {shown} or an admin may do that. {remedy}")


@dataclass(frozen=True, slots=True)
class _Rights:
    admin: bool
    owns: tuple[str, ...] = ()


def _rights(config: Config, actor: Actor) -> _Rights:
    """A token has its own role, also where a person's name goes with it: it may do less."""
    if actor.network in TRUSTED:
        return _Rights(admin=True)
    if actor.network == API:
        token = next((token for token in config.token if token.name == actor.account), None)
        if token is None:
            return _Rights(admin=False)
        return _Rights(token.role == "admin", token.owns if token.role == "owner" else ())
    somebody = person(config, actor)
    return _Rights(somebody.admin, somebody.owns) if somebody else _Rights(admin=False)


def _remedy(config: Config, actor: Actor, right: str) -> str:
    who = cut(actor.identity, 80)
    if actor.network == API:
        return f"You are {who}; what a token may do is its `role` in the configuration's [[token]]."
    admins = [person.name for person in config.person if person.admin]
    if not admins:
        return f'No admin is configured yet: [[person]] with accounts = ["{who}"] and {right}.'
    return f"Ask {listed(admins[:3], 'or')}; you are {who}."
