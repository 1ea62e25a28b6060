"""What a chat backend is, and what it hands to the commands.

A backend connects one network (an IRC network, a Slack workspace, the
console). It decides which messages address the bot, strips the prefix, asks
``answer`` off its own I/O thread, and renders the `Card` that comes back. It
never sees the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cibot.model import Channel
from cibot.text.card import Card

__all__ = ["Answer", "Asker", "Backend", "Channel", "Leads", "Link", "Question", "always"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. ``account`` is the identity that the network vouches for.

    On IRC it is the services account (never the nick), on Slack the user id; None when the network
    does not confirm accounts.
    """

    nick: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One command as a person typed it, without the prefix.

    ``where`` is the channel it was asked in, or the private conversation.
    ``named`` is the same channel by its name, where the network has ids and the
    name is known. ``words`` is set where a button was pressed: what it means, taken apart
    already, and ``text`` is what the button says. ``keys`` name the request where the
    network may repeat it, at another host too.
    """

    text: str
    asker: Asker
    where: Channel
    private: bool
    words: tuple[str, ...] | None = None
    named: Channel | None = None
    keys: tuple[str, ...] = ()


Answer = Callable[[Question], Card | None]
"""Answers a question, or None where silence is right. Never raises CibotError."""


@dataclass(frozen=True, slots=True)
class Link:
    """The state of a backend's connection, for ``/readyz`` and ``!ci feeds``."""

    up: bool
    since: datetime | None
    detail: str = ""
    standby: bool = False  # another process speaks here, and this one need not


Leads = Callable[[], bool]
"""Whether this process is the one that speaks on the networks."""
STANDBY = "stands by: another process speaks here"


def always() -> bool:
    """The `Leads` of a process that is alone."""
    return True


class Backend(Protocol):
    """One network's transport. Methods are safe to call from any thread."""

    network: str

    def start(self, answer: Answer, leads: Leads) -> None:
        """Connects in the background and returns at once; reconnects until `stop`.

        Speaks and listens on a connection of its own only while ``leads`` returns True.
        """

    def stop(self, timeout: float) -> None:
        """Says goodbye and ends its threads, in ``timeout`` seconds at the most."""

    def send(self, room: str, card: Card, *, key: str) -> str:
        """Delivers a card and returns the remote id once the network has it.

        ``key`` is the outbox's dedupe key. Raises Transient when it may work
        later (not connected, timed out, rate limited: ``retry_after``) and
        Permanent when a person must act (no such room, banned, revoked token).
        """

    def find(self, room: str, key: str) -> str | None:
        """The remote id of a card sent before a crash, where the network can tell.

        None means that it was not found; a backend that cannot look raises
        LookupError, and the sender repeats the message, marked as such. One
        that cannot look just now raises Unconfirmed, and is asked again.
        """

    def link(self) -> Link:
        """How the connection is now."""
