"""Everything the bot says goes through here, at one pace. No I/O of its own.

What it tells by itself goes before what it was asked, three to one, and finds a
part of the burst unused; answers take turns by asker, are short when many wait, and are not
given at all when they would come too late.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from cibot.chat.irc.login import Login
from cibot.chat.irc.proof import DeliveryProof
from cibot.chat.irc.receipts import COLOUR_REFUSALS, Delivery, Receipts
from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.text import MOST_BYTES, Style, render
from cibot.chat.irc.wire import is_channel, write_line
from cibot.chat.pace import TokenBucket
from cibot.chat.protocol import STANDBY, Leads, Question, always
from cibot.errors import CibotError, Unconfirmed
from cibot.text.card import Card, card, line

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Lanes that take turns, so that many alerts for one room do not delay a reply.

    The order inside a lane is kept.
    """

    def __init__(self) -> None:
        self._lanes: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._lanes.values())

    def put(self, lane: Hashable, item: T) -> None:
        """Adds an item to the end of its lane."""
        self._lanes.setdefault(lane, deque()).append(item)

    def pop(self) -> T:
        """The next item. Raises LookupError when the queue is empty."""
        if not self._lanes:
            raise LookupError("the queue is empty")
        lane, items = next(iter(self._lanes.items()))
        item = items.popleft()
        if items:
            self._lanes.move_to_end(lane)
        else:
            del self._lanes[lane]
        return item

    def drop(self, unwanted: Callable[[T], bool]) -> list[T]:
        """Removes every item that is unwanted, and returns them."""
        dropped = []
        for lane in list(self._lanes):
            dropped += [item for item in self._lanes[lane] if unwanted(item)]
            wanted = deque(item for item in self._lanes[lane] if not unwanted(item))
            if wanted:
                self._lanes[lane] = wanted
            else:
                del self._lanes[lane]
        return dropped


log = logging.getLogger(__name__)

_MOST_QUEUED = 500  # messages of answers, at any pace
_LONGEST_S = 60.0  # of answers that wait: what is asked then is not answered
_BUSY_S = 10.0  # of answers that wait: what is asked then is answered by one line
_MOST_MESSAGES = 40  # of one card
_MOST_IN_CHANNEL = 4  # messages of an answer; the rest goes to the asker
_JOINS_A_LINE = 5
_DEAF = card("I cannot write to you in private: you take no messages from me. Ask me here.")
_UNREAD = "(cut: let me write to you in private to read it all)"
_ALERTS_IN_A_ROW = 3  # then an answer has its turn
_REPLY = "reply"  # how the lanes of answers begin
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

    ``mask`` is the bot's own ``nick!user@host`` as others see it, empty while unknown. Times are
    seconds of a monotonic clock.
    """

    def __init__(
        self,
        config: IrcConfig,
        rooms: Rooms,
        login: Login,
        receipts: Receipts,
        proof: DeliveryProof,
        send: Callable[[str], None],
        leads: Leads = always,
    ) -> None:
        self._config = config
        self._rooms = rooms
        self._login = login
        self._receipts = receipts
        self._proof = proof
        self._send = send
        self._leads = leads
        self._over = False
        self._plain: set[str] = set()  # rooms that refuse colours
        receipts.on_taken = self._go_on
        receipts.on_refused = self._refused
        self._queue: FairQueue[_Outgoing] = FairQueue()  # alerts, and what they need
        self._answers: FairQueue[_Outgoing] = FairQueue()
        self._bucket = TokenBucket(config.messages_per_second, config.burst)
        self._alerts = 0  # written since the last answer
        self._had_room = True
        self._spared = config.burst // 2  # of the burst: answers leave it to alerts
        self.mask = b""

    def deliver(self, delivery: Delivery) -> None:
        """Queues a card that somebody waits for."""
        delivery.lane = ("alert", self._rooms.fold(delivery.room))
        self._begin(delivery, render(delivery.card, self._style(delivery.room)))

    def _begin(self, delivery: Delivery, lines: list[list[str]]) -> None:
        """Queues the first message; the others follow when the network has taken it."""
        first, *delivery.rest = self._messages(lines)
        delivery.coloured = any(
            "\x03" in text or "\x02" in text for text in (first, *delivery.rest)
        )
        self._put(delivery, first, last=not delivery.rest)

    def _put(self, delivery: Delivery, text: str, *, last: bool) -> None:
        queue = self._answers if delivery.lane[:1] == (_REPLY,) else self._queue
        queue.put(delivery.lane, _Outgoing(("PRIVMSG", delivery.room), text, delivery, last))

    def _go_on(self, delivery: Delivery) -> None:
        """The first message was delivered: the rest may follow."""
        room = self._rooms.get(delivery.room)
        if is_channel(delivery.room) and (room is None or not room.joined):
            self._receipts.forget(delivery)
            delivery.give_up(f"{delivery.room}: the bot was removed while it spoke")
            return
        rest, delivery.rest = delivery.rest, []
        for count, text in enumerate(rest, start=1):
            self._put(delivery, text, last=count == len(rest))

    def _refused(self, delivery: Delivery, command: str, error: CibotError) -> None:
        """Tries without colours where they may be the reason, and remembers it."""
        self.forget(delivery)
        if not delivery.coloured or delivery.taken or command not in COLOUR_REFUSALS:
            delivery.fail(error)
            return
        room = self._rooms.fold(delivery.room)
        log.info("irc %s: %s may take no colours", self._config.name, delivery.room)
        self._plain.add(room)

        def was_it(done: Future[str]) -> None:
            if done.exception() is not None:
                self._plain.discard(room)

        delivery.done.add_done_callback(was_it)
        delivery.unechoed = 0
        self._begin(delivery, render(delivery.card, self._style(delivery.room)))

    def answer(self, question: Question, answer: Card) -> None:
        """Queues an answer; in a channel it is addressed, and what is long goes on in private."""
        if not self.has_room():
            return
        if self._waiting() >= self._lines(_BUSY_S):
            answer = _brief(answer)
        nick, room = question.asker.nick, question.where.room
        private = render(answer, self._style(nick))
        if question.private:
            self._say_privately(question, answer, private)
            return
        lines = render(answer, self._style(room), address=nick)
        if answer.long or sum(map(len, lines)) > _MOST_IN_CHANNEL:
            self._say(room, lines[:1])
            self._say_privately(question, answer, private[1:])
        else:
            self._say(room, lines)

    def has_room(self) -> bool:
        """Whether what is asked now would be answered within a minute."""
        room = self._waiting() < self._lines(_LONGEST_S)
        if self._had_room and not room:
            log.warning("irc %s: too much is asked; some gets no answer", self._config.name)
        self._had_room = room
        return room

    def _waiting(self) -> int:
        """The messages of answers that are not written, those that follow a first one too."""
        return sum(1 + len(item.delivery.rest if item.delivery else ()) for item in self._answers)

    def _lines(self, seconds: float) -> int:
        """How many messages the pace allows in that time, a few at least."""
        return max(self._config.burst, min(_MOST_QUEUED, int(self._bucket.rate * seconds)))

    def notice(self, nick: str, text: str) -> None:
        """Queues a NOTICE, the form of a CTCP answer."""
        self._answers.put((_REPLY, nick), _Outgoing(("NOTICE", nick), text))

    def join(self, names: list[str]) -> None:
        """Queues the joins, a few in a line; those with a key first, as IRC pairs them."""
        keys = {self._rooms.fold(room): key for room, key in self._config.keys().items()}
        names = sorted(names, key=lambda name: self._rooms.fold(name) not in keys)
        for start in range(0, len(names), _JOINS_A_LINE):
            some = names[start : start + _JOINS_A_LINE]
            with_keys = [
                keys[self._rooms.fold(name)] for name in some if self._rooms.fold(name) in keys
            ]
            words = ("JOIN", ",".join(some), *([",".join(with_keys)] if with_keys else []))
            self._queue.put("join", _Outgoing(words))

    def part(self, name: str, why: str) -> None:
        """Queues the leaving of a channel."""
        self._queue.put("join", _Outgoing(("PART", name), why))

    def who(self, name: str) -> None:
        """Queues the question for the accounts of a channel's members (WHOX)."""
        self._queue.put("join", _Outgoing(("WHO", name, "%tna,731")))

    def pump(self, now: float) -> None:
        """Writes what the pace allows."""
        while (queue := self._next(now)) is not None:
            if not self._leads():  # looked at before each line: the process may have been paused
                self.lost(STANDBY)
                return
            item = queue.pop()
            if item.delivery is None:
                self._send(write_line(*item.words, last=item.text))
            elif item.delivery.open:
                self._write(item, item.delivery, now)

    def _next(self, now: float) -> FairQueue[_Outgoing] | None:
        """Whose turn it is; takes a token of the pace for it, or None."""
        answers = self._answers and (not self._queue or self._alerts >= _ALERTS_IN_A_ROW)
        if not (answers or self._queue):
            return None
        if not self._bucket.take(now, 0 if self._queue else self._spared):
            return None
        self._alerts = 0 if answers else self._alerts + 1
        return self._answers if answers else self._queue

    def wait(self, now: float) -> float:
        """Seconds until `pump` can write; infinite when nothing waits."""
        if self._queue:
            return self._bucket.wait(now)
        return self._bucket.wait(now, self._spared) if self._answers else float("inf")

    def forget(self, delivery: Delivery) -> None:
        """Takes what is left of a delivery out of the queues."""
        for queue in (self._queue, self._answers):
            queue.drop(lambda item: item.delivery is delivery)

    def left(self, name: str, retry_after: float) -> None:
        """The bot is out of a room: what was not written yet waits for its return."""
        room = self._rooms.fold(name)
        gone = self._queue.drop(
            lambda item: item.delivery is not None and self._rooms.fold(item.delivery.room) == room
        )
        for delivery in dict.fromkeys(item.delivery for item in gone if item.delivery):
            self._receipts.forget(delivery)
            delivery.give_up(f"{name}: the bot was removed from the channel", retry_after)

    def lost(self, why: str) -> None:
        """The connection is gone: nothing of the queues will be said."""
        self._over = True
        for queue in (self._queue, self._answers):
            for item in queue.drop(lambda _item: True):
                if item.delivery is not None:
                    item.delivery.give_up(why)

    def _say_privately(self, question: Question, answer: Card, lines: list[list[str]]) -> None:
        """Queues the private part of an answer, which the asker's modes may refuse."""
        nick = question.asker.nick
        if not lines:
            return
        delivery = Delivery(nick, answer, lane=(_REPLY, nick))
        delivery.done.add_done_callback(lambda done: self._unheard(question, answer, done))
        self._begin(delivery, lines)

    def _unheard(self, question: Question, answer: Card, done: Future[str]) -> None:
        """Goes on where everybody reads when the asker takes no private messages."""
        error = done.exception()
        if error is None or self._over or isinstance(error, Unconfirmed):
            return
        nick = question.asker.nick
        log.info("irc %s: %s hears no private answer: %s", self._config.name, nick, error)
        if question.private:
            shared = self._rooms.shared_with(nick)
            if shared is not None:
                lines = render(_DEAF, self._style(shared.name), address=nick)
                self._say(shared.name, lines)
            return
        room = question.where.room
        messages = self._messages(render(answer, self._style(room), address=nick)[1:])
        if len(messages) > _MOST_IN_CHANNEL:
            messages[_MOST_IN_CHANNEL - 1 :] = [f"… {_UNREAD}"]
        self._say(room, [messages])

    def _say(self, target: str, lines: list[list[str]]) -> None:
        for text in self._messages(lines):
            self._answers.put((_REPLY, target), _Outgoing(("PRIVMSG", target), text))

    def _messages(self, lines: list[list[str]]) -> list[str]:
        messages = list(chain.from_iterable(lines))
        if len(messages) > _MOST_MESSAGES:
            messages[_MOST_MESSAGES - 1 :] = ["… (cut)"]
        return messages

    def _write(self, item: _Outgoing, delivery: Delivery, now: float) -> None:
        if "labeled-response" in self._login.caps:
            label = self._receipts.mark(delivery, last=item.last)
            self._send(write_line(*item.words, last=item.text, label=label))
            return
        self._receipts.wrote(delivery)
        self._send(write_line(*item.words, last=item.text))
        if item.last or not delivery.taken:
            self._proof.ask(lambda: self._receipts.passed(delivery, last=item.last), now)

    def _style(self, target: str) -> Style:
        mask = len(self.mask) or _WORST_MASK
        overhead = len(f": PRIVMSG {target} :\r\n".encode()) + mask
        room = self._rooms.get(target) if is_channel(target) else None
        return Style(
            colour=self._config.colour and self._rooms.fold(target) not in self._plain,
            most_bytes=max(60, min(MOST_BYTES, 512 - overhead)),
            nicks=room.nicks if room else (),
            fold=self._rooms.fold,
        )


def _brief(answer: Card) -> Card:
    """The headline and the link to all of it."""
    if len(answer.lines) < 2:
        return answer
    return Card((line(*answer.lines[0], " …"),), link=answer.link, error=answer.error)
