"""Hostile lines through a real IRC session: the one that a server's bytes reach."""

from __future__ import annotations

import random

from cibot.chat.irc.receipts import Delivery
from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.session import IrcTiming, Session
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.wire import read_line
from cibot.chat.pace import Backoff, PersonLimit
from cibot.chat.protocol import Question
from cibot.errors import Transient
from cibot.text.card import card
from tests.fuzz.hostile import broken, text

_COMMANDS = [
    "PRIVMSG", "NOTICE", "JOIN", "PART", "KICK", "QUIT", "NICK", "MODE", "ACCOUNT",
    "AUTHENTICATE", "CAP", "BATCH", "PING", "PONG", "ERROR", "TOPIC", "INVITE", "FAIL",
    "TAGMSG", "CHGHOST", "AWAY", "SETNAME", "001", "005", "263", "324", "353", "354", "366",
    "376", "401", "403", "404", "421", "422", "432", "433", "437", "439", "442", "470", "471",
    "473", "474", "475", "477", "900", "903", "904", "908",
]  # fmt: skip
_WHO = ["", "irc.test", "bob!b@h", "cibot!c@h", "eve", "!@", "cibot", "bob!b@\u202e"]
_TARGETS = ["#ci", "cibot", "#x", "*", "", "@#ci", "#CI", "cibot1", "+x"]
_TAGS = ["", "", "", "@label=cibot1 ", "@batch=b ", "@account= ", "@time=x;msgid=\\ ", "@=;;= "]
_LOGIN = (
    "001 cibot :hi", "422 cibot", ":cibot!c@h JOIN #ci", "353 cibot = #ci :cibot bob",
    "366 cibot #ci", "318 cibot cibq1 :end", "318 cibot cibq2 :end",
)  # fmt: skip
_LONGEST = 400  # bytes of what is said


class IrcFuzz:
    """Sessions that are fed; a session that ends the connection is followed by the next."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.ended = 0
        self._now = 0.0
        self._connect()

    def feed_line(self) -> None:
        """A line, and whatever the bot makes of it. Raises where that is wrong."""
        self._now += 0.05
        line = read_line(self._line())
        if line is not None:
            try:
                self._session.handle(line, self._now)
            except Transient as error:
                self.ended += 1
                self._session.lost(str(error))
                self._connect()
        for question in self._asked:
            self._session.reply(question, card(question.text, question.asker.nick))
        self._asked.clear()
        if self._dice.random() < 0.05:
            self._session.deliver(Delivery("#ci", card(text(self._dice))), self._now)
        self._session.tick(self._now)
        for said in self._sent:
            _judge(said)
        self._sent.clear()

    def _connect(self) -> None:
        config = IrcConfig(
            name="net", host="h", channels=("#ci",), messages_per_second=1000, burst=1000
        )
        rooms = Rooms(config.channels, lambda: Backoff(1, 10))
        self._sent: list[str] = []
        self._asked: list[Question] = []
        self._session = Session(
            config, IrcTiming(), rooms, PersonLimit(1000, 1000), PersonLimit(1000, 1000),
            send=self._sent.append, ask=self._asked.append,
        )  # fmt: skip
        for raw in _LOGIN:
            line = read_line(raw)
            assert line is not None
            self._session.handle(line, self._now)

    def _line(self) -> str:
        dice = self._dice
        who = dice.choice(_WHO)
        words = [dice.choice(_COMMANDS), dice.choice(_TARGETS)]
        words += [dice.choice([*_TARGETS, text(dice)]) for _ in range(dice.randrange(3))]
        last = dice.choice([text(dice), f"!ci {text(dice)}", f"cibot: {text(dice)}", ""])
        raw = dice.choice(_TAGS) + (f":{who} " if who else "") + " ".join(words) + f" :{last}"
        if dice.random() < 0.2:
            raw = broken(dice, raw.encode("utf-8", "replace")).decode("utf-8", "replace")
        return raw.replace("\n", "").replace("\r", "")  # the connection has cut lines by then


def _judge(said: str) -> None:
    """What goes out is one line, and people read no control characters in it."""
    assert not set(said) & set("\r\n\0"), repr(said)
    if said.startswith("PRIVMSG"):
        spoken = said.partition(" :")[2]
        assert len(spoken.encode()) <= _LONGEST, repr(said)
        assert not any(
            ord(character) < 32 or 127 <= ord(character) < 160 for character in spoken
        ), repr(said)
