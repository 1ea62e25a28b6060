"""Asks questions that only the network itself can answer. No I/O of its own.

A PING proves little: a bouncer whose server is away answers it, and so does a server that has
shunned the bot. WHOIS of an unused nick is answered by the network, and the answer names the nick,
so that it cannot be mistaken for another. A server works line by line: the answer to a question
shows that the lines before it were processed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from cibot.chat.irc.wire import IrcLine, write_line

log = logging.getLogger(__name__)

_OF_WHOIS = {"401", "311", "312", "313", "317", "318", "319", "330", "338", "378", "671"}
_END = "318"
_UNKNOWN_COMMAND = "421"


@dataclass(slots=True)
class _Question:
    asked_at: float
    then: Callable[[], None]
    ponged: bool = False


class DeliveryProof:
    """Questions to the network, oldest first. Times are seconds of a monotonic clock.

    Until the first WHOIS is answered a PING goes with each; a server that
    answers the PING and for ``patience`` seconds not the WHOIS is asked by
    PING alone from then on.
    """

    def __init__(self, send: Callable[[str], None], patience: float) -> None:
        self._send = send
        self._patience = patience
        self._count = 0
        self._questions: dict[str, _Question] = {}
        self._by_whois: bool | None = None  # None: not known yet
        self.proved_at = 0.0
        """When the network last showed that it is there; lines of people show it too."""

    def ask(self, then: Callable[[], None], now: float) -> str:
        """Asks, and calls ``then`` when the network has answered; returns the token."""
        self._count += 1
        token = f"cibq{self._count}"
        self._questions[token] = _Question(now, then)
        if self._by_whois is not False:
            self._send(write_line("WHOIS", token))
        if self._by_whois is not True:
            self._send(write_line("PING", token))
        return token

    def handle(self, line: IrcLine, now: float) -> bool:
        """Takes a line of the server; True where it answers a question of ours."""
        token = line.last if line.command == "PONG" else line.param(1)
        if line.command == _UNKNOWN_COMMAND and token == "WHOIS":
            self._only_ping(now)
            return True
        if token not in self._questions:
            return False
        if line.command == "PONG":
            self._questions[token].ponged = True
            if self._by_whois is False:
                self._answered(token, now)
            return True
        if line.command == _END:
            self._by_whois = True
            self._answered(token, now)
        return line.command in _OF_WHOIS

    def tick(self, now: float) -> None:
        """Gives up WHOIS where only PING is answered."""
        if self._by_whois is None and any(
            question.ponged and now - question.asked_at > self._patience
            for question in self._questions.values()
        ):
            self._only_ping(now)

    def waits_since(self) -> float | None:
        """When the oldest question was asked that has no answer yet."""
        return min((question.asked_at for question in self._questions.values()), default=None)

    def lost(self) -> None:
        """The connection is gone: nothing will be answered."""
        self._questions.clear()

    def _only_ping(self, now: float) -> None:
        log.warning("irc: the network answers no WHOIS; its PONG is taken for proof")
        self._by_whois = False
        ponged = [token for token, question in self._questions.items() if question.ponged]
        if ponged:
            self._answered(ponged[-1], now)

    def _answered(self, token: str, now: float) -> None:
        """Settles the question and all earlier ones: the network answers in order."""
        self.proved_at = now
        tokens = list(self._questions)
        for earlier in tokens[: tokens.index(token) + 1]:
            self._questions.pop(earlier).then()
