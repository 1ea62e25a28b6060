"""Which messages ask the bot something. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_BOT_TAGS = frozenset({"bot", "draft/bot"})


def from_a_bot(tags: Mapping[str, str], capabilities: Collection[str]) -> bool:
    """Whether the server marks the sender as a bot (IRCv3 bot mode)."""
    return "message-tags" in capabilities and not _BOT_TAGS.isdisjoint(tags)


def is_version_request(text: str) -> bool:
    """Whether a private message is the CTCP VERSION query, the only one answered."""
    return text.rstrip("\x01") == "\x01VERSION"


def is_ctcp(text: str) -> bool:
    """Whether a message is for the client and not for a reader."""
    return text.startswith("\x01")
