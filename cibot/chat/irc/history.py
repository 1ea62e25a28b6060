"""Tells new messages from those that a channel or a bouncer repeats. Pure.

A repeated question was answered before, and a command of two days ago must not run today. Repeated
lines stand in a batch (IRCv3 chathistory, ZNC's playback), carry the time at which they were sent,
or come before the network has answered a question that was asked after the JOIN.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cibot.chat.irc.wire import IrcLine

SLACK_S = 5.0  # by which the clocks of two servers of a network may differ
PLAYBACK_OURS = frozenset({"draft/chathistory", "znc.in/playback"})
"""Capabilities that say: send no history unless it is asked for. It never is."""


def said_at(line: IrcLine) -> float | None:
    """When a line was said, in seconds since 1970, where the server tells."""
    tag = line.tags.get("time")
    if not tag:
        return None
    try:
        moment = datetime.fromisoformat(tag)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


@dataclass(slots=True)
class Presence:
    """Since when the bot hears a room, or private messages.

    ``began`` is the network's time in seconds since 1970; ``settled`` is set
    once nothing that is repeated can come any more.
    """

    began: float
    settled: bool = False

    def repeats(self, line: IrcLine) -> bool:
        """Whether a line is history."""
        if line.tags.get("batch"):
            return True
        said = said_at(line)
        if said is not None:
            return said < self.began - SLACK_S
        return not self.settled


def wears_no_history(version: str, user_modes: str) -> bool:
    """Whether the server has the user mode N, "no history": InspIRCd's, by its 004."""
    return version.lower().startswith("inspircd") and "N" in user_modes
