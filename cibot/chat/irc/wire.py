"""Lines of the IRC protocol, read without trust. Pure but for the library's parsers.

Sources: RFC 1459 and 2812, IRCv3 message-tags, modern.ircdocs.horse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from irc.message import Tag

from cibot.config.values import ascii_lower

# The library's own pattern takes every white space of Unicode for a separator.
_LINE = re.compile(r"(?:@([^ ]+) +)?(?::([^ ]+) +)?([A-Za-z]+|\d{3})((?: .*)?)", re.DOTALL)
_NICK = re.compile(r"[^\s:,@!#&+\x00-\x1f][^\s,@!\x00-\x1f]*")
_CONTROL = re.compile(r"[\x00\r\n]")
_RFC1459 = str.maketrans("[]\\^", "{}|~")
CHANNEL_MARKS = "#&+!"


@dataclass(frozen=True, slots=True)
class IrcLine:
    """One line from the server: ``command`` is an upper-case word or three digits."""

    command: str
    params: tuple[str, ...] = ()
    source: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def nick(self) -> str:
        """The nick (or server) that it comes from."""
        return self.source.partition("!")[0]

    @property
    def user_host(self) -> str:
        """``user@host`` of the sender, empty for a server."""
        return self.source.partition("!")[2]

    @property
    def of_person(self) -> bool:
        """Whether the line comes from a person, who can be answered."""
        return bool(self.user_host and _NICK.fullmatch(self.nick))

    @property
    def last(self) -> str:
        """The last parameter, which holds the text of a message."""
        return self.params[-1] if self.params else ""

    def param(self, index: int) -> str:
        """A parameter, or nothing where a server left it out."""
        return self.params[index] if index < len(self.params) else ""


def read_line(raw: str) -> IrcLine | None:
    """Parses a line without its end; None when it is blank or no IRC."""
    match = _LINE.fullmatch(raw.strip(" "))
    if match is None:
        return None
    tags = {tag["key"]: tag["value"] or "" for tag in Tag.from_group(match[1]) or ()}
    bare, colon, text = match[4].partition(" :")
    params = [word for word in bare.split(" ") if word] + ([text] if colon else [])
    return IrcLine(match[3].upper(), tuple(params), match[2] or "", tags)


def write_line(*params: str, last: str | None = None, label: str | None = None) -> str:
    """A line to send: bare parameters, then ``last``, which may hold spaces.

    CR, LF and NUL are taken out of everything, so that no text can end the
    line and begin another. Raises ValueError for a bare parameter that is
    empty, holds a space or starts with a colon.
    """
    words = [_CONTROL.sub("", param) for param in params]
    if any(not word or " " in word or word[0] == ":" for word in words):
        raise ValueError(f"not a parameter of an IRC line: {words!r}")
    if last is not None:
        words.append(":" + _CONTROL.sub("", last))
    return (f"@label={label} " if label else "") + " ".join(words)


def is_channel(room: str) -> bool:
    """Whether a room is a channel, not a person."""
    return room[:1] != "" and room[0] in CHANNEL_MARKS and not {" ", ","} & set(room)


def fold_for(case_mapping: str) -> Callable[[str], str]:
    """The network's way to compare nicks and rooms (ISUPPORT CASEMAPPING).

    Only A-Z: `str.lower` makes a k of the Kelvin sign, and one nick of two.
    """
    return ascii_lower if case_mapping in {"ascii", "rfc7613"} else _fold_rfc1459


def _fold_rfc1459(text: str) -> str:
    return ascii_lower(text).translate(_RFC1459)


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
