"""How the bot knows that the network took a message. No I/O of its own.

The absence of an error proves nothing. Where the server has echo-message, only
the echo confirms. Where it has labeled-response, the label says to which
message an echo or an error belongs; elsewhere a question that only the network
answers (`cibot.chat.irc.proof`) follows the message, and any refusal before
the answer means that it was not delivered. A bouncer echoes by itself, so an
echo without a label waits for that answer too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field

from cibot.chat.irc.wire import IrcLine
from cibot.errors import CibotError, Permanent, Transient, Unconfirmed
from cibot.text.card import Card
from cibot.text.cleaning import one_line

_MOST = 1000  # messages under way; more means that the server answers nothing
_SWALLOWED = "the network showed it to no one (muted, ignored or shunned)"


@dataclass(slots=True, eq=False)
class Delivery:
    """Text on its way to a room. ``done`` gets the remote id or the error.

    ``rest`` is said once the first line was taken; ``coloured`` is whether the
    text holds codes that a channel may refuse.
    """

    room: str
    card: Card
    done: Future[str] = field(default_factory=Future)
    remote_id: str = ""
    written: bool = False  # some of it went out
    taken: bool = False  # the first line was delivered
    rest: list[str] = field(default_factory=list)
    coloured: bool = False
    unechoed: int = 0
    lane: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether somebody still waits for it."""
        return not self.done.done()

    def fail(self, error: CibotError) -> None:
        """Says that it did not arrive."""
        if self.open:
            self.done.set_exception(error)

    def give_up(self, why: str, retry_after: float | None = None) -> None:
        """Says that no answer will come: what was written may have arrived."""
        kind = Unconfirmed if self.written else Transient
        self.fail(kind(why, retry_after=retry_after))

    def confirm(self, remote_id: str) -> None:
        """Says that the network has it."""
        if self.open:
            self.done.set_result(self.remote_id or remote_id)


@dataclass(slots=True)
class _Mark:
    """One label that is to come back; ``last`` completes the delivery."""

    delivery: Delivery
    last: bool
    echoed: bool = False
    said: str = ""  # by the server, under the same label


class Receipts:
    """The deliveries that were written and are not confirmed yet.

    ``caps`` are the connection's capabilities, ``me`` gives the bot's nick and
    ``inside`` whether it is in a room. ``on_taken`` is called when a first line
    was delivered, ``on_refused`` with the command that refused one.
    """

    def __init__(
        self,
        network: str,
        fold: Callable[[str], str],
        *,
        caps: Collection[str],
        me: Callable[[], str],
        inside: Callable[[str], bool],
    ) -> None:
        self._network = network
        self._fold = fold
        self._caps = caps
        self._me = me
        self._inside = inside
        self._count = 0
        self._marks: dict[str, _Mark] = {}
        self._batches: dict[str, str] = {}
        self._written: list[Delivery] = []  # oldest first
        self.on_taken: Callable[[Delivery], None] = lambda _delivery: None
        self.on_refused: Callable[[Delivery, str, CibotError], None] = (
            lambda delivery, _command, error: delivery.fail(error)
        )

    def mark(self, delivery: Delivery, *, last: bool) -> str:
        """A new label to send with a line."""
        self._count += 1
        token = f"cibot{self._count}"
        self._marks[token] = _Mark(delivery, last)
        self.wrote(delivery)
        return token

    def wrote(self, delivery: Delivery) -> None:
        """A line of it goes out: a refusal that names its room is about it."""
        delivery.written = True
        delivery.unechoed += 1
        if delivery not in self._written:
            self._written.append(delivery)
        if len(self._written) > _MOST:
            self._refuse(self._written[0], "", Transient("the server answers nothing"))

    def passed(self, delivery: Delivery, *, last: bool) -> None:
        """The network answered what was asked after a line: it was dealt with."""
        if not delivery.open or delivery not in self._written:
            return
        if "echo-message" in self._caps and delivery.unechoed > 0:
            self._refuse(delivery, "", Transient(f"{delivery.room}: {_SWALLOWED}"))
        else:
            self._take(delivery, last=last)

    def handle(self, line: IrcLine) -> None:
        """Takes every line of the server; settles what it speaks about."""
        if "label" in line.tags:
            self._labelled(line.tags["label"], line)
        elif line.tags.get("batch", "") in self._batches:
            self._settle(self._batches[line.tags["batch"]], line)
        elif line.command == "BATCH" and line.param(0).startswith("-"):
            self._settle(self._batches.pop(line.param(0)[1:], ""), line)
        elif line.command == "PRIVMSG" and self._same(line.nick, self._me()):
            self._echo(line)
        else:
            self._unlabelled(line)

    def forget(self, delivery: Delivery) -> None:
        """Drops the deliveries that are still waited for."""
        self._marks = {t: mark for t, mark in self._marks.items() if mark.delivery is not delivery}
        self._written = [other for other in self._written if other is not delivery]
        self._batches = {ref: t for ref, t in self._batches.items() if t in self._marks}

    def lost(self, why: str) -> None:
        """The connection broke: what was under way may or may not have arrived."""
        under_way, self._written = self._written, []
        self._marks.clear()
        self._batches.clear()
        for delivery in under_way:
            delivery.give_up(why)

    def _labelled(self, label: str, line: IrcLine) -> None:
        if label in self._marks and line.command == "BATCH" and line.param(0).startswith("+"):
            self._batches[line.param(0)[1:]] = label
        else:
            self._settle(label, line)

    def _settle(self, token: str, line: IrcLine) -> None:
        """A line that bears the label of a message, or the end of such a batch."""
        mark = self._marks.get(token)
        if mark is None:
            return
        delivery = mark.delivery
        error = failure(line, delivery.room, inside=self._inside(delivery.room))
        if error is not None:
            self._refuse(delivery, line.command, error)
        elif line.command == "PRIVMSG":
            mark.echoed = True
            delivery.unechoed -= 1
            delivery.remote_id = delivery.remote_id or line.tags.get("msgid", "")
        elif line.command == "NOTICE":
            mark.said = line.last[:150]
        in_batch = token in self._batches.values()
        if error is not None or in_batch or self._marks.pop(token, None) is None:
            return
        if mark.echoed or "echo-message" not in self._caps:
            self._take(delivery, last=mark.last)
        else:
            why = mark.said or _SWALLOWED
            self._refuse(delivery, "", Transient(f"{delivery.room}: {why}"))

    def _take(self, delivery: Delivery, *, last: bool) -> None:
        if last:
            self._count += 1
            delivery.confirm(f"{self._network}:{self._count}")
            self.forget(delivery)
        elif not delivery.taken:
            delivery.taken = True
            self.on_taken(delivery)

    def _refuse(self, delivery: Delivery, command: str, error: CibotError) -> None:
        self.forget(delivery)
        self.on_refused(delivery, command, error)

    def _echo(self, line: IrcLine) -> None:
        """An echo without a label is that of the oldest line to its room."""
        for delivery in self._written:
            if delivery.unechoed > 0 and self._same(delivery.room, line.param(0)):
                delivery.unechoed -= 1
                delivery.remote_id = delivery.remote_id or line.tags.get("msgid", "")
                return

    def _unlabelled(self, line: IrcLine) -> None:
        """A refusal is of the oldest delivery to the room that it names, or else of the oldest."""
        if not self._written:
            return
        me = self._me()
        words = said_against(line, me, self._same(line.param(0), me))
        if words is not None:
            named = [
                other for other in self._written if self._fold(other.room) in self._fold(words)
            ]
            delivery = (named or self._written)[0]
            self._refuse(delivery, line.command, Transient(f"{delivery.room}: {words}"))
            return
        rooms = [self._fold(name) for name in names(line)]
        named = [other for other in self._written if self._fold(other.room) in rooms]
        of_somebody = bool(named) and self._fold(named[0].room) == rooms[0]  # called "user", maybe
        if not refuses(line) or (about_else(line) and not of_somebody):
            return
        if not named and about_any(line, me):
            named = self._written
        if named:
            delivery = named[0]
            error = failure(line, delivery.room, inside=self._inside(delivery.room))
            assert error is not None
            self._refuse(delivery, line.command, error)

    def _same(self, name: str, other: str) -> bool:
        return self._fold(name) == self._fold(other)


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
    "401": "no one of that name is there",
    "402": "the server is split off",
    "407": "too many recipients",
    "437": "the channel is not available now",
    "439": "the server asks to speak more slowly",
    "442": "the bot is not in the channel",
    "707": "the server asks to write to fewer people at a time",
    "FAIL": "the server refused it",
}
_ALSO = {"263", "707", "716", "926", "936", "972", "FAIL"}
"""Refusals outside of 400 to 599."""
_OF_ELSE = {
    "421", "422", "451", "461", "462", "463", "464", "465", "466", "481", "483", "484", "491",
    "501", "502",
}  # fmt: skip
"""Errors of other commands that name no room: a mode, the MOTD."""
_OF_A_NICK = {"430", "431", "432", "433", "434", "435", "436", "438", "447"}
"""The nick is asked for again while messages are under way; 435 names the channel."""
_OTHER_COMMANDS = {
    "AUTHENTICATE", "CAP", "JOIN", "MODE", "NICK", "PART", "PASS", "PING", "PONG", "QUIT", "USER",
    "WHO", "WHOIS",
}  # fmt: skip
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
    """The parameters between the bot's own nick and the text, where a room may be named."""
    return line.params[(0 if line.command == "FAIL" else 1) : -1]


def about_else(line: IrcLine) -> bool:
    """Whether a refusal is of the bot's nick, or names another command that the bot sends."""
    return line.command in _OF_A_NICK or "".join(names(line)[:1]).upper() in _OTHER_COMMANDS


def about_any(line: IrcLine, me: str) -> bool:
    """Whether a refusal names no room, but the bot, PRIVMSG or nothing: it is about the oldest."""
    if line.command in _OF_ELSE and "PRIVMSG" not in names(line):
        return False
    others = {name for name in names(line) if name.upper() not in {"PRIVMSG", me.upper()}}
    return not others or line.command == "FAIL"


def failure(line: IrcLine, room: str, *, inside: bool = True) -> CibotError | None:
    """The error that a line means for a message to ``room``, or None.

    The refusal of a message to a channel that the bot is not ``inside`` is temporary.
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
