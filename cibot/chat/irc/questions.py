"""Which messages ask the bot something. Pure."""

from __future__ import annotations

from collections.abc import Collection

from cibot.chat.irc.wire import IrcLine

_BOT_TAGS = frozenset({"bot", "draft/bot"})


def from_a_bot(line: IrcLine, capabilities: Collection[str]) -> bool:
    """Whether the sender is a program: marked as one by the server (IRCv3 bot mode), or a bouncer.

    A bouncer (``*status``) would take answers for commands, and answer them.
    """
    marked = "message-tags" in capabilities and not _BOT_TAGS.isdisjoint(line.tags)
    return marked or line.nick.startswith("*")


def is_version_request(text: str) -> bool:
    """Whether a private message is the CTCP VERSION query, the only one answered."""
    return text.rstrip("\x01") == "\x01VERSION"


def is_ctcp(text: str) -> bool:
    """Whether a message is for the client and not for a reader."""
    return text.startswith("\x01")
