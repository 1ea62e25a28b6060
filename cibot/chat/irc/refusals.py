"""What a line of the server says against a message of the bot. Pure.

Numerics of RFC 1459, of the IRCv3 standard replies, and of InspIRCd, Solanum,
UnrealIRCd, ircu and Bahamut (https://defs.ircdocs.horse/defs/numerics).
"""

from __future__ import annotations

import re

from cibot.chat.irc.wire import IrcLine
from cibot.errors import CibotError, Permanent, Transient
from cibot.text.lines import one_line

_FOR_GOOD = {
    "403": "there is no such channel",
    "404": "the bot may not speak there (moderated, banned or not in it)",
    "408": "the channel takes no colours",
    "412": "the server saw no text in it",
    "415": "only registered nicks may write there",
    "417": "the line is too long for the server",
    "477": "the channel needs a registered nick",
    "482": "the bot may not speak there",
    "486": "only registered nicks may write to that person",
    "489": "the bot may not speak there",
    "492": "the bot may not write that there",
    "494": "the bot's own mode keeps it from writing there",
    "531": "the bot may not write to that person",
    "716": "that person takes no messages from strangers",
    "936": "a word of it is censored there",
}
_PASSING = {
    "263": "the server asks to try later",
    "401": "nobody of that name is there",
    "402": "the server is split off",
    "407": "too many recipients",
    "437": "the channel is not available now",
    "439": "the server asks to speak more slowly",
    "442": "the bot is not in the channel",
    "707": "the server asks to write to fewer people at a time",
    "FAIL": "the server refused it",
}
_ALSO = {"263", "707", "716", "936", "972", "FAIL"}
"""Refusals beside those of 400 to 599."""
_OF_ELSE = {
    "421", "422", "431", "432", "433", "436", "451", "461", "462", "463", "464", "465", "466",
    "481", "483", "484", "491", "501", "502",
}  # fmt: skip
"""Errors of other commands that name no room: a nick, a mode, the MOTD."""
COLOUR_REFUSALS = frozenset({"404", "408"})
NOT_IN_IT = frozenset({"403", "404", "442", "482"})
"""What is said to somebody who is not in the channel, though it may mean more."""
_SAID_AGAINST = re.compile(
    r"throttl|flood|too (?:fast|many|quick)|slow(?:er| down)|block|\blost\b|not (?:been )?"
    r"(?:sent|delivered|processed|allowed)|could ?n[o']?t|cannot|can't|refus|reject|dropp|denied|"
    r"spam|filter|\bmuted?\b|shun|quarantine",
    re.IGNORECASE,
)


def refuses(line: IrcLine) -> bool:
    """Whether a line may refuse a message, by its command alone."""
    numeric = len(line.command) == 3 and line.command[:1] in {"4", "5"} and line.command.isdigit()
    return numeric or line.command in _ALSO


def names(line: IrcLine) -> tuple[str, ...]:
    """The parameters between the bot's own nick and the words, where a room may stand."""
    return line.params[(0 if line.command == "FAIL" else 1) : -1]


def about_any(line: IrcLine, me: str) -> bool:
    """Whether a refusal names no room, but the bot, PRIVMSG or nothing: it is about the oldest."""
    if line.command in _OF_ELSE and "PRIVMSG" not in names(line):
        return False
    others = {name for name in names(line) if name.upper() not in {"PRIVMSG", me.upper()}}
    return not others or line.command == "FAIL"


def failure(line: IrcLine, room: str, *, inside: bool = True) -> CibotError | None:
    """The error that a line means for a message to ``room``, or None.

    Who is not ``inside`` a channel any more is refused for that: it passes.
    """
    if not refuses(line):
        return None
    if line.command in _FOR_GOOD and (inside or line.command not in NOT_IN_IT):
        return Permanent(f"{room}: {_FOR_GOOD[line.command]}")
    if not inside:
        return Transient(f"{room}: the bot is not in the channel")
    words = _PASSING.get(line.command, "the server refused it")
    said = one_line(line.last)[:100]
    exact = line.command not in _PASSING or line.command == "FAIL"
    return Transient(f"{room}: {words} ({line.command}: {said})" if exact else f"{room}: {words}")


def said_against(line: IrcLine, me: str, same: bool) -> str | None:
    """The words of a server's or bouncer's notice that something was not let through.

    ``same`` is whether the line is addressed to the bot.
    """
    from_person = line.of_person and not line.nick.startswith("*")
    if line.command not in {"NOTICE", "PRIVMSG"} or from_person or not same or line.nick == me:
        return None
    return one_line(line.last)[:150] if _SAID_AGAINST.search(line.last) else None
