"""How the bot knows that the network took a message. No I/O of its own.

Where the server has labeled-response, the label comes back with the echo (or
an ACK, or the error). Elsewhere a PING follows the message: the server works
line by line, so its PONG says that the message went through, unless an error
named the room before.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from cibot.chat.irc.wire import IrcLine
from cibot.errors import CibotError, Permanent, Transient, Unconfirmed
from cibot.text.card import Card

_FOR_GOOD = {
    "403": "there is no such channel",
    "404": "the bot may not speak there (moderated, banned or not in it)",
    "408": "the channel takes no colours",
    "477": "the channel needs a registered nick",
    "482": "the bot may not speak there",
    "489": "the bot may not speak there",
    "531": "the bot may not write to that person",
    "716": "that person takes no messages from strangers",
}
_PASSING = {
    "263": "the server asks to try later",
    "401": "nobody of that name is there",
    "402": "the server is split off",
    "407": "too many recipients",
    "437": "the channel is not available now",
    "439": "the server asks to speak more slowly",
    "442": "the bot is not in the channel",
    "FAIL": "the server refused it",
}


@dataclass(slots=True, eq=False)
class Delivery:
    """A card on its way to a room. ``done`` gets the remote id or the error."""

    room: str
    card: Card
    done: Future[str] = field(default_factory=Future)
    remote_id: str = ""
    written: bool = False  # some of it went out

    @property
    def open(self) -> bool:
        """Whether somebody still waits for it."""
        return not self.done.done()

    def fail(self, error: CibotError) -> None:
        """Says that it did not arrive."""
        if self.open:
            self.done.set_exception(error)

    def give_up(self, why: str) -> None:
        """Says that no answer will come: what was written may have arrived."""
        self.fail(Unconfirmed(why) if self.written else Transient(why))

    def confirm(self, remote_id: str) -> None:
        """Says that the network has it."""
        if self.open:
            self.done.set_result(self.remote_id or remote_id)


@dataclass(slots=True)
class _Mark:
    """One label or PING that is to come back; ``last`` completes the delivery."""

    delivery: Delivery
    last: bool


class Receipts:
    """The deliveries that were written and are not confirmed yet."""

    def __init__(self, network: str, fold: Callable[[str], str]) -> None:
        self._network = network
        self._fold = fold
        self._count = 0
        self._marks: dict[str, _Mark] = {}
        self._batches: dict[str, str] = {}
        self._written: list[Delivery] = []  # unlabelled, oldest first

    def mark(self, delivery: Delivery, *, last: bool) -> str:
        """A new token to send with a line: as its label, or in the PING after it."""
        self._count += 1
        token = f"cibot{self._count}"
        self._marks[token] = _Mark(delivery, last)
        return token

    def await_errors(self, delivery: Delivery) -> None:
        """A message without a label goes out: an error that names its room is about it."""
        if delivery not in self._written:
            self._written.append(delivery)

    def handle(self, line: IrcLine) -> None:
        """Takes every line of the server; settles what it speaks about."""
        if line.command == "PONG":
            self._settle(line.last, line)
        elif "label" in line.tags:
            self._labelled(line.tags["label"], line)
        elif line.tags.get("batch", "") in self._batches:
            self._settle(self._batches[line.tags["batch"]], line)
        elif line.command == "BATCH" and line.param(0).startswith("-"):
            self._settle(self._batches.pop(line.param(0)[1:], ""), line)
        elif line.command in _FOR_GOOD or line.command in _PASSING:
            self._unlabelled(line)

    def forget(self, delivery: Delivery) -> None:
        """Nobody waits for a delivery any more."""
        self._marks = {t: mark for t, mark in self._marks.items() if mark.delivery is not delivery}
        self._written = [one for one in self._written if one is not delivery]
        self._batches = {ref: t for ref, t in self._batches.items() if t in self._marks}

    def lost(self, why: str) -> None:
        """The connection broke: what was under way may or may not have arrived."""
        under_way = [*self._written, *(mark.delivery for mark in self._marks.values())]
        self._marks.clear()
        self._batches.clear()
        self._written.clear()
        for delivery in under_way:
            delivery.give_up(why)

    def _labelled(self, label: str, line: IrcLine) -> None:
        if label in self._marks and line.command == "BATCH" and line.param(0).startswith("+"):
            self._batches[line.param(0)[1:]] = label
        else:
            self._settle(label, line)

    def _settle(self, token: str, line: IrcLine) -> None:
        mark = self._marks.get(token)
        if mark is None:
            return
        error = failure(line, mark.delivery.room)
        if error is not None:
            mark.delivery.fail(error)
        else:
            mark.delivery.remote_id = mark.delivery.remote_id or line.tags.get("msgid", "")
            if not mark.last:
                with suppress(KeyError):
                    del self._marks[token]
                return
            mark.delivery.confirm(f"{self._network}:{token}")
        self.forget(mark.delivery)

    def _unlabelled(self, line: IrcLine) -> None:
        """An error names its room; the oldest delivery to that room is the one."""
        room = self._fold(line.param(1))
        for delivery in self._written:
            error = failure(line, delivery.room)
            if error is not None and self._fold(delivery.room) == room:
                delivery.fail(error)
                self.forget(delivery)
                return


def failure(line: IrcLine, room: str) -> CibotError | None:
    """The error that a line means for a message to ``room``, or None."""
    told = f"{room}: "
    if line.command in _FOR_GOOD:
        return Permanent(told + _FOR_GOOD[line.command])
    if line.command in _PASSING:
        return Transient(told + _PASSING[line.command])
    if line.command[:1] in {"4", "5"} and line.command.isdigit():
        return Transient(f"{told}the server refused it ({line.command})")
    return None
