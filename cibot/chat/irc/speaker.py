"""Everything the bot says goes through here: one paced queue with fair turns. No I/O of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from cibot.chat.irc.login import Login
from cibot.chat.irc.pace import FairQueue
from cibot.chat.irc.receipts import Delivery, Receipts
from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.text import MOST_BYTES, Style, render
from cibot.chat.irc.wire import is_channel, write_line
from cibot.chat.pace import TokenBucket
from cibot.chat.protocol import Question
from cibot.text.card import Card

log = logging.getLogger(__name__)

_MOST_QUEUED = 500  # messages; the limit per person keeps it far below
_MOST_MESSAGES = 40  # of one card
_MOST_IN_CHANNEL = 4  # messages of an answer; the rest goes to the asker
_JOINS_A_LINE = 5
_WORST_MASK = 110  # bytes of nick!user@host where the bot has not seen its own


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """One line that waits for its turn."""

    words: tuple[str, ...]
    text: str | None = None
    delivery: Delivery | None = None
    last: bool = False


class Speaker:
    """Queues, paces and writes the lines of one connection.

    ``mask`` is the bot's own ``nick!user@host`` as others see it, empty while
    unknown. Times are seconds of a monotonic clock.
    """

    def __init__(
        self,
        config: IrcConfig,
        rooms: Rooms,
        login: Login,
        receipts: Receipts,
        send: Callable[[str], None],
    ) -> None:
        self._config = config
        self._rooms = rooms
        self._login = login
        self._receipts = receipts
        self._send = send
        self._queue: FairQueue[_Outgoing] = FairQueue()
        self._bucket = TokenBucket(config.messages_per_second, config.burst)
        self.mask = b""

    def deliver(self, delivery: Delivery) -> None:
        """Queues a card that somebody waits for."""
        messages = self._messages(render(delivery.card, self._style(delivery.room)))
        lane = ("alert", self._rooms.fold(delivery.room))
        for count, text in enumerate(messages, start=1):
            last = count == len(messages)
            self._queue.put(lane, _Outgoing(("PRIVMSG", delivery.room), text, delivery, last))

    def answer(self, question: Question, answer: Card) -> None:
        """Queues an answer; in a channel it is addressed, and what is long goes on in private."""
        if len(self._queue) > _MOST_QUEUED:
            log.warning("irc %s: too much to say, an answer was dropped", self._config.name)
            return
        nick, room = question.asker.nick, question.where.room
        private = render(answer, self._style(nick))
        if question.private:
            self._say(nick, private)
            return
        lines = render(answer, self._style(room), address=nick)
        if answer.long or sum(map(len, lines)) > _MOST_IN_CHANNEL:
            self._say(room, lines[:1])
            self._say(nick, private[1:])
        else:
            self._say(room, lines)

    def notice(self, nick: str, text: str) -> None:
        """Queues a NOTICE, the form of a CTCP answer."""
        self._queue.put(("reply", nick), _Outgoing(("NOTICE", nick), text))

    def join(self, names: list[str]) -> None:
        """Queues the joins, a few in a line."""
        for start in range(0, len(names), _JOINS_A_LINE):
            words = ("JOIN", ",".join(names[start : start + _JOINS_A_LINE]))
            self._queue.put("join", _Outgoing(words))

    def who(self, name: str) -> None:
        """Queues the question for the accounts of a channel's members (WHOX)."""
        self._queue.put("join", _Outgoing(("WHO", name, "%tna,731")))

    def pump(self, now: float) -> None:
        """Writes what the pace allows."""
        while self._queue and self._bucket.take(now):
            item = self._queue.pop()
            if item.delivery is None:
                self._send(write_line(*item.words, last=item.text))
            elif item.delivery.open:
                self._write(item, item.delivery)

    def wait(self, now: float) -> float:
        """Seconds until `pump` can write; for ever where nothing waits."""
        return self._bucket.wait(now) if self._queue else float("inf")

    def forget(self, delivery: Delivery) -> None:
        """Takes what is left of a delivery out of the queue."""
        self._queue.drop(lambda item: item.delivery is delivery)

    def lost(self, why: str) -> None:
        """The connection is gone: nothing of the queue will be said."""
        while self._queue:
            item = self._queue.pop()
            if item.delivery is not None:
                item.delivery.give_up(why)

    def _say(self, target: str, lines: list[list[str]]) -> None:
        for text in self._messages(lines):
            self._queue.put(("reply", target), _Outgoing(("PRIVMSG", target), text))

    def _messages(self, lines: list[list[str]]) -> list[str]:
        messages = list(chain.from_iterable(lines))
        if len(messages) > _MOST_MESSAGES:
            messages[_MOST_MESSAGES - 1 :] = ["… (cut)"]
        return messages

    def _write(self, item: _Outgoing, delivery: Delivery) -> None:
        delivery.written = True
        if "labeled-response" in self._login.caps:
            label = self._receipts.mark(delivery, last=item.last)
            self._send(write_line(*item.words, last=item.text, label=label))
            return
        self._receipts.await_errors(delivery)
        self._send(write_line(*item.words, last=item.text))
        if item.last:
            self._send(write_line("PING", self._receipts.mark(delivery, last=True)))

    def _style(self, target: str) -> Style:
        mask = len(self.mask) or _WORST_MASK
        overhead = len(f": PRIVMSG {target} :\r\n".encode()) + mask
        room = self._rooms.get(target) if is_channel(target) else None
        return Style(
            colour=self._config.colour,
            most_bytes=max(60, min(MOST_BYTES, 512 - overhead)),
            nicks=room.nicks if room else (),
            fold=self._rooms.fold,
        )
