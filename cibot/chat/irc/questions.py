"""Which messages ask the bot something. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from cibot.text.lines import one_line

_FORMAT = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04[0-9a-fA-F]{0,6}")
_BOT_TAGS = frozenset({"bot", "draft/bot"})


def addressed(text: str, *, nick: str, prefix: str, private: bool) -> str | None:
    """The question without its prefix, or None where the bot is not meant.

    In a channel the bot is meant by ``prefix`` as a word of its own, or by its
    nick with a colon or comma; in private by everything that is no CTCP.
    """
    if text.startswith("\x01"):
        return None
    text = one_line(_FORMAT.sub("", text))
    word, _space, rest = text.partition(" ")
    if word == prefix:
        return rest.strip()
    if len(word) > 1 and word[-1] in ":," and word[:-1].lower() == nick.lower():
        return rest.strip()
    return text if private and text else None


def from_a_bot(tags: Mapping[str, str], capabilities: Collection[str]) -> bool:
    """Whether the server marks the sender as a bot (IRCv3 bot mode)."""
    return "message-tags" in capabilities and not _BOT_TAGS.isdisjoint(tags)


def is_version_request(text: str) -> bool:
    """Whether a private message is the CTCP VERSION query, the only one answered."""
    return text.rstrip("\x01") == "\x01VERSION"
