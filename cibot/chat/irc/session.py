"""What the bot does on one IRC connection, line by line. No thread, no socket of its own.

The backend feeds it lines and ticks from the reactor thread; it writes
through ``send``, texts through the speaker's paced queue.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from cibot import __version__
from cibot.chat.irc.history import SLACK_S, Presence, said_at
from cibot.chat.irc.login import Login
from cibot.chat.irc.proof import DeliveryProof
from cibot.chat.irc.receipts import Delivery, Receipts
from cibot.chat.irc.rooms import Room, Rooms
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.speaker import Speaker
from cibot.chat.irc.wire import (
    IrcLine,
    from_a_bot,
    is_channel,
    is_ctcp,
    is_version_request,
    write_line,
)
from cibot.chat.pace import SLOW_DOWN, PersonLimit
from cibot.chat.protocol import Asker, Channel, Leads, Question, always
from cibot.chat.typed import addressed
from cibot.config.values import ascii_lower
from cibot.errors import Permanent, Transient
from cibot.text.card import Card

log = logging.getLogger(__name__)
_MOST_FORWARDS = 50


@dataclass(frozen=True, slots=True)
class IrcTiming:
    """How patient the backend is, in seconds."""

    connect: float = 20.0
    register: float = 60.0
    send: float = 45.0  # less than the lease of the outbox
    idle: float = 90.0  # of silence, until the bot asks whether the server is there
    pong: float = 30.0  # for its answer
    join: float = 60.0
    reconnect: float = 2.0
    reconnect_most: float = 300.0
    rejoin: float = 5.0
    rejoin_most: float = 600.0
    regain: float = 60.0
    steady: float = 300.0  # after which a connection or a room counts as good again
    goodbye: float = 1.0  # for the server to take the QUIT
    tick: float = 1.0
    proof: float = 3.0  # for a WHOIS whose PING was answered


class Session:
    """One connection from login to its end. Times are seconds of a monotonic clock."""

    def __init__(
        self,
        config: IrcConfig,
        timing: IrcTiming,
        rooms: Rooms,
        limit: PersonLimit,
        hosts: PersonLimit,
        *,
        send: Callable[[str], None],
        ask: Callable[[Question], None],
        leads: Leads = always,
    ) -> None:
        self._config = config
        self._timing = timing
        self._rooms = rooms
        self._limit = limit
        self._hosts = hosts
        self._send = send
        self._ask = ask
        self._server_time = 0.0  # the newest that a line of this connection bore
        self._private = Presence(0.0)
        self._forwards: set[str] = set()
        self.proof = DeliveryProof(send, timing.proof)
        self._waiting: list[Delivery] = []
        self._handlers = self._table()
        self.ready = False
        self.login = Login(config, send, regain=timing.regain)
        self.receipts = Receipts(
            config.name,
            rooms.fold,
            caps=self.login.caps,
            me=lambda: self.login.nick,
            inside=rooms.inside,
        )
        self._speaker = Speaker(config, rooms, self.login, self.receipts, self.proof, send, leads)

    def _table(self) -> dict[str, Callable[[IrcLine, float], None]]:
        """The handler of each of the server's commands."""
        rooms = self._rooms
        return {
            "PING": lambda line, _now: self._send(write_line("PONG", last=line.last)),
            "376": self._ready,
            "422": self._ready,
            "005": self._isupport,
            "396": self._new_host,
            "JOIN": self._join,
            "PART": lambda line, now: self._left(line.param(0), line.nick, now, "parted"),
            "KICK": self._kick,
            "QUIT": lambda line, _now: rooms.quit(line.nick),
            "NICK": lambda line, _now: rooms.renamed(line.nick, line.param(0)),
            "ACCOUNT": lambda line, _now: rooms.set_account(line.nick, line.param(0)),
            "353": self._names,
            "354": self._whox,
            "366": self._names_end,
            "442": lambda line, now: self._left(line.param(1), self.login.nick, now, "not in it"),
            "470": self._forwarded,
            "INVITE": self._invited,
            "PRIVMSG": self._message,
        }

    def handle(self, line: IrcLine, now: float) -> None:
        """Takes a line; raises Transient when the connection must end."""
        if line.command == "ERROR":
            raise Transient(f"the server says: {line.last[:200]}")
        mine = self.login.is_me(line.nick)  # before a NICK of mine is followed
        self._notice_time(line, now)
        self.login.handle(line, now)
        if self.proof.handle(line, now):
            return
        self.receipts.handle(line)
        refusal = self._rooms.refused(line, now)
        if refusal is not None:
            log.warning("irc %s: %s: %s", self._config.name, refusal.room, refusal.text)
            kind = Transient if refusal.passing else Permanent
            self._fail_waiting(refusal.room, kind(f"{refusal.room}: {refusal.text}"))
        handler = self._handlers.get(line.command)
        if handler is not None and not (mine and line.command == "PRIVMSG"):
            handler(line, now)

    def tick(self, now: float) -> None:
        """Does what time asks for: the nick, the joins, the queue."""
        self.login.tick(now)
        self.proof.tick(now)
        if self.ready:
            self._speaker.join(self._rooms.to_join(now, self._timing.join))
        self._speaker.pump(now)

    def check(self, now: float) -> None:
        """Asks the network whether it is there."""
        self.proof.ask(lambda: None, now)

    def wait(self, now: float) -> float:
        """Seconds until the queue may go on, at most one tick."""
        return min(self._timing.tick, self._speaker.wait(now))

    def deliver(self, delivery: Delivery, now: float) -> None:
        """Sends a card to a room, joining it first where the bot is not in it."""
        if not self.ready:
            delivery.fail(Transient(f"{self._config.name}: not connected"))
            return
        if not is_channel(delivery.room):
            self._speaker.deliver(delivery)
            return
        room = self._rooms.want(delivery.room)
        if room.ready:
            self._speaker.deliver(delivery)
        elif room.joined or room.asked:
            self._waiting.append(delivery)
        elif room.refused or room.due <= now:
            room.due = now
            self._waiting.append(delivery)
        else:
            wait = room.due - now
            delivery.fail(
                Transient(f"{room.name}: the bot was removed and waits", retry_after=wait)
            )

    def reply(self, question: Question, answer: Card) -> None:
        """Answers where it was asked; what is long goes on in private."""
        self._speaker.answer(question, answer)

    def forget(self, delivery: Delivery) -> None:
        """Cancels the lines that were not written yet."""
        self.receipts.forget(delivery)
        self._speaker.forget(delivery)
        self._waiting = [other for other in self._waiting if other is not delivery]

    def lost(self, why: str) -> None:
        """Fails everything that waits on the lost connection."""
        why = f"{self._config.name}: {why}"
        self.ready = False
        self._rooms.lost()
        self.proof.lost()
        self.receipts.lost(why)
        for delivery in self._waiting:
            delivery.give_up(why)
        self._speaker.lost(why)

    # -- what the server says

    def _ready(self, _line: IrcLine, now: float) -> None:
        if not self.ready and self.login.welcomed:
            self.ready = True
            letter = self.login.supports.get("BOT") or "B"
            more = "N" if self.login.no_history else ""
            self._send(write_line("MODE", self.login.nick, f"+{letter}{more}"))
            self._private = Presence(self._network_time())
            self._settle(self._private, now)

    def _settle(self, presence: Presence, now: float) -> None:
        """What comes before the answer may be history; what comes after it is not."""

        def settled() -> None:
            presence.settled = True

        self.proof.ask(settled, now)

    def _notice_time(self, line: IrcLine, now: float) -> None:
        """Keeps the network's clock, and when it last showed that it is there."""
        if line.tags.get("batch"):
            return
        said = said_at(line) or 0.0
        if said and line.command.isdigit() and said < self._server_time - SLACK_S:
            # An answer is never repeated: the clock was put back, or somebody's was ahead.
            self._server_time = said
            for presence in (self._private, *(room.presence for room in self._rooms.all())):
                presence.began = min(presence.began, said)
        self._server_time = max(self._server_time, said)
        if line.of_person:
            # a bouncer speaks for itself as *status, and then mostly of its server
            self.proof.proved_at = 0.0 if line.nick.startswith("*") else now

    def _network_time(self) -> float:
        return self._server_time or time.time()

    def _isupport(self, _line: IrcLine, _now: float) -> None:
        mapping = self.login.supports.get("CASEMAPPING")
        if mapping:
            self._rooms.use_case_mapping(mapping)

    def _new_host(self, _line: IrcLine, _now: float) -> None:
        self._speaker.mask = b""

    def _join(self, line: IrcLine, now: float) -> None:
        name = line.param(0)
        if not self.login.is_me(line.nick):
            account = line.param(1) if "extended-join" in self.login.caps else None
            self._rooms.entered(name, line.nick, account)
            return
        self._speaker.mask = line.source.encode()
        if self._rooms.i_joined(name, now, said_at(line) or self._network_time()) is None:
            if self._rooms.fold(name) in self._forwards:
                self._forwards.discard(self._rooms.fold(name))
                self._speaker.part(name, "not the channel that was meant")
            return
        log.info("irc %s: joined %s", self._config.name, name)
        if "WHOX" in self.login.supports and "account-tag" not in self.login.caps:
            self._speaker.who(name)

    def _forwarded(self, line: IrcLine, _now: float) -> None:
        """Where the bot is sent instead it says nothing, and leaves."""
        where = line.param(2)
        leads_away = is_channel(where) and self._rooms.get(where) is None
        if len(self._forwards) < _MOST_FORWARDS and leads_away:
            self._forwards.add(self._rooms.fold(where))

    def _invited(self, line: IrcLine, now: float) -> None:
        invited = self.login.is_me(line.param(0)) and self._rooms.invited(line.param(1), now)
        log.info(
            "irc %s: invited to %.50s by %.50s%s", self._config.name, line.param(1), line.nick,
            "" if invited else ", which is not configured",
        )  # fmt: skip

    def _kick(self, line: IrcLine, now: float) -> None:
        self._left(line.param(0), line.param(1), now, f"kicked by {line.nick}: {line.last[:100]!r}")

    def _left(self, name: str, nick: str, now: float, how: str) -> None:
        if not self.login.is_me(nick):
            self._rooms.went(name, nick)
            return
        wait = self._rooms.i_left(name, now, steady=self._timing.steady)
        if wait is None:
            return
        log.warning("irc %s: %s: %s; back in %.0f s", self._config.name, name, how, wait)
        text = f"{name}: the bot was removed from the channel"
        self._fail_waiting(name, Transient(text, retry_after=wait))
        self._speaker.left(name, wait)

    def _names(self, line: IrcLine, _now: float) -> None:
        for word in line.last.split(" "):
            nick = word.lstrip("~&@%+!*").partition("!")[0]
            if nick:
                self._rooms.entered(line.param(2), nick)

    def _whox(self, line: IrcLine, _now: float) -> None:
        if line.param(1) == "731" and len(line.params) == 4:
            self._rooms.set_account(line.param(2), line.param(3))

    def _names_end(self, line: IrcLine, now: float) -> None:
        room = self._rooms.get(line.param(1))
        if room is None or not room.joined:
            return
        if not room.ready:
            room.ready = True
            self._settle(room.presence, now)
        waiting = [other for other in self._waiting if self._rooms.get(other.room) is room]
        self._waiting = [other for other in self._waiting if other not in waiting]
        for delivery in waiting:
            self._speaker.deliver(delivery)

    def _fail_waiting(self, name: str, error: Transient | Permanent) -> None:
        room = self._rooms.get(name)
        for delivery in [other for other in self._waiting if self._rooms.get(other.room) is room]:
            delivery.fail(error)
            self._waiting.remove(delivery)

    # -- what people say

    def _message(self, line: IrcLine, now: float) -> None:
        if not self.ready or not line.of_person or from_a_bot(line, self.login.caps):
            return
        room = self._rooms.get(line.param(0))
        private = self._rooms.fold(line.param(0)) == self._rooms.fold(self.login.nick)
        if private and is_version_request(line.last):
            self._version(line, now)
            return
        if not private and (room is None or not room.joined):
            return
        if is_ctcp(line.last):
            return
        text = addressed(
            line.last,
            names=self._called(room),
            prefixes=(self._config.prefix,),
            private=private,
        )
        if text is None:
            return
        presence = self._private if private or room is None else room.presence
        if presence.repeats(line):
            log.info("irc %s: history is no question: %.100r", self._config.name, line.last)
            return
        where = Channel(self._config.name, line.nick if private or room is None else room.name)
        question = Question(text, Asker(line.nick, self._account(line)), where, private)
        allowed = self._may_ask(line, now)
        if allowed and self._speaker.has_room():
            self._ask(question)
        elif allowed is None:
            self.reply(question, SLOW_DOWN)

    def _called(self, room: Room | None) -> list[str]:
        """What the bot is called: every nick that it wore, unless somebody else wears it here."""
        others = room.nicks if room else ()
        mine = self._rooms.fold(self.login.nick)
        return [
            nick
            for nick in self.login.worn
            if self._rooms.fold(nick) == mine or self._rooms.fold(nick) not in others
        ]

    def _version(self, line: IrcLine, now: float) -> None:
        if self._may_ask(line, now):
            self._speaker.notice(line.nick, f"\x01VERSION cibot {__version__}\x01")

    def _may_ask(self, line: IrcLine, now: float) -> bool | None:
        """By account, so that people behind one relay do not share a limit; else by host too."""
        account = self._account(line)
        if account:
            return self._limit.ask(f"account {ascii_lower(account)}", now)
        person = ascii_lower(line.user_host)
        allowed = self._limit.ask(person, now)
        return self._hosts.ask(person.rpartition("@")[2], now) if allowed else allowed

    def _account(self, line: IrcLine) -> str | None:
        if "account-tag" in self.login.caps:
            return line.tags.get("account") or None
        return self._rooms.account(line.nick)
