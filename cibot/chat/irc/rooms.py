"""Which rooms the bot is in or wants to be in, and who else is there. No I/O of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cibot.chat.irc.history import Presence
from cibot.chat.irc.receipts import names, refuses
from cibot.chat.irc.wire import IrcLine, fold_for, is_channel
from cibot.chat.pace import Backoff
from cibot.config.values import ascii_lower
from cibot.text.cleaning import one_line

_CANNOT_JOIN = {
    "403": "there is no such channel",
    "405": "the bot is in too many channels",
    "437": "the channel is not available now",
    "470": "the channel sends the bot elsewhere",
    "471": "the channel is full",
    "473": "the channel is invite-only",
    "474": "the bot is banned there",
    "475": "the channel needs a key",
    "476": "the network does not take that name",
    "477": "the channel needs a registered nick",
    "479": "the network does not take that name",
    "480": "the channel takes no more joins for now",
    "448": "the network forbids that channel",
    "489": "the channel takes secure connections only",
    "519": "the channel is for administrators",
    "520": "the channel is for operators",
    "926": "the network forbids that channel",
}
_PASSING = {"405", "437", "471", "480"}
"""Refusals that may end without anybody's doing; so may those that we have no words for."""
_OF_MESSAGES = {"404", "442", "482"}  # what was said before a kick comes back after it

_MOST_MEMBERS = 20_000  # in all rooms; beyond it new ones are not remembered


@dataclass(slots=True)
class Room:
    """One channel: ``ready`` when its members are known, ``refused`` why it cannot be joined."""

    name: str
    backoff: Backoff
    joined: bool = False
    ready: bool = False
    asked: bool = False
    due: float = 0.0
    joined_at: float = 0.0
    refused: str = ""
    presence: Presence = field(default_factory=lambda: Presence(0.0))
    nicks: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A channel that cannot be joined, and whether that may pass."""

    room: str
    text: str
    passing: bool


class Rooms:
    """All channels of one network. Times are seconds of a monotonic clock."""

    def __init__(self, wanted: tuple[str, ...], new_backoff: Callable[[], Backoff]) -> None:
        self._new_backoff = new_backoff
        self._wanted: dict[str, Room] = {}  # by the strictest comparison
        self._rooms: dict[str, Room] = {}  # by the network's
        self._accounts: dict[str, str | None] = {}
        self._fold = fold_for("rfc1459")
        for name in wanted:
            self.want(name)

    def fold(self, name: str) -> str:
        """A nick or channel in the form by which the network compares them."""
        return self._fold(name)

    def want(self, name: str) -> Room:
        """The room, which the bot will join and rejoin from now on."""
        strict = ascii_lower(name)
        if strict not in self._wanted:
            self._wanted[strict] = Room(name, self._new_backoff())
        return self._rooms.setdefault(self.fold(name), self._wanted[strict])

    def get(self, name: str) -> Room | None:
        """The room of that name, if the bot ever wanted it."""
        return self._rooms.get(self.fold(name))

    def all(self) -> list[Room]:
        """Every wanted room."""
        return list(self._rooms.values())

    def lost(self) -> None:
        """The connection is gone: the bot is nowhere."""
        self._accounts.clear()
        for room in self._wanted.values():
            room.joined = room.ready = room.asked = False
            room.due = 0.0
            room.nicks.clear()

    def use_case_mapping(self, name: str) -> None:
        """Compares names as the network does, from now on."""
        self._fold = fold_for(name)
        self._rooms = {}
        for room in self._wanted.values():
            self._rooms.setdefault(self.fold(room.name), room)

    def to_join(self, now: float, patience: float) -> list[str]:
        """The rooms to ask for now; they are asked again after ``patience`` seconds."""
        asked = []
        for room in self._rooms.values():
            if not room.joined and now >= room.due:
                room.asked = True
                room.due = now + patience
                asked.append(room.name)
        return asked

    def shared_with(self, nick: str) -> Room | None:
        """A room in which both the bot and somebody are."""
        folded = self.fold(nick)
        here = (room for room in self._rooms.values() if room.joined and folded in room.nicks)
        return next(here, None)

    def inside(self, name: str) -> bool:
        """Whether a message to that room can arrive: a channel must be joined, a person not."""
        room = self.get(name)
        return not is_channel(name) or (room is not None and room.joined)

    def account(self, nick: str) -> str | None:
        """The services account of someone who shares a channel with the bot."""
        return self._accounts.get(self.fold(nick))

    def set_account(self, nick: str, account: str) -> None:
        """Remembers an account; ``*``, ``0`` and the empty string mean that there is none."""
        folded = self.fold(nick)
        if any(folded in room.nicks for room in self._rooms.values()):
            self._accounts[folded] = account if account not in {"", "*", "0"} else None

    def refused(self, line: IrcLine, now: float) -> Refusal | None:
        """Reads a refusal of a join, known or not; tries again later with backoff."""
        if not refuses(line) or line.command in _OF_MESSAGES:
            return None
        named = (room for name in names(line) if (room := self.get(name)) is not None)
        room = next((room for room in named if room.asked and not room.joined), None)
        if room is None:
            return None
        reason = _CANNOT_JOIN.get(line.command)
        room.asked = False
        room.refused = reason or f"{one_line(line.last)[:100]} ({line.command})"
        room.due = now + room.backoff.next()
        return Refusal(room.name, room.refused, reason is None or line.command in _PASSING)

    def invited(self, name: str, now: float) -> bool:
        """Lets a wanted room be asked for at once; False where the bot does not want it."""
        room = self.get(name)
        if room is not None and not room.joined and not room.asked:
            room.due = now
        return room is not None

    def i_joined(self, name: str, now: float, began: float) -> Room | None:
        """The bot is in a channel now; None when it never asked (a forced join).

        ``began`` is the network's own time, in seconds since 1970.
        """
        room = self.get(name)
        if room is not None:
            room.joined, room.ready, room.asked, room.refused = True, False, False, ""
            room.joined_at = now
            room.presence = Presence(began)
            room.nicks.clear()
        return room

    def i_left(self, name: str, now: float, *, steady: float) -> float | None:
        """The bot was kicked or parted; returns the seconds until it comes back.

        None where it was not in that channel.
        """
        room = self.get(name)
        if room is None or not room.joined:
            return None
        if now - room.joined_at > steady:
            room.backoff.reset()
        wait = room.backoff.next()
        room.joined = room.ready = False
        room.due = now + wait
        gone, room.nicks = room.nicks, set()
        self._forget(gone)
        return wait

    def entered(self, name: str, nick: str, account: str | None = None) -> None:
        """Someone is in a channel; ``account`` as extended-join says it."""
        room = self.get(name)
        if room is None or sum(len(room.nicks) for room in self._rooms.values()) >= _MOST_MEMBERS:
            return
        room.nicks.add(self.fold(nick))
        if account is not None:
            self.set_account(nick, account)

    def went(self, name: str, nick: str) -> None:
        """Someone left one channel."""
        room = self.get(name)
        if room is not None:
            room.nicks.discard(self.fold(nick))
            self._forget({self.fold(nick)})

    def quit(self, nick: str) -> None:
        """Someone left the network."""
        folded = self.fold(nick)
        for room in self._rooms.values():
            room.nicks.discard(folded)
        self._forget({folded})

    def renamed(self, old: str, new: str) -> None:
        """Someone changed the nick; the account goes with the person."""
        before, after = self.fold(old), self.fold(new)
        for room in self._rooms.values():
            if before in room.nicks:
                room.nicks.discard(before)
                room.nicks.add(after)
        account = self._accounts.pop(before, None)
        self._accounts.pop(after, None)
        if account is not None:
            self._accounts[after] = account

    def _forget(self, gone: set[str]) -> None:
        """Drops the accounts of those who share no channel any more."""
        for nick in gone:
            if not any(nick in room.nicks for room in self._rooms.values()):
                self._accounts.pop(nick, None)
