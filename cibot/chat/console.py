"""The console as a chat network: alerts are printed, questions are typed.

Used by ``cibot demo`` and ``cibot chat``, and by ``cibot run`` with
``console = true``. Its rooms are whatever the routes name after ``console/``.
"""

from __future__ import annotations

import logging
import os
import re
import select
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self, TextIO

from cibot.chat.pace import BROKEN
from cibot.chat.protocol import Answer, Asker, Channel, Leads, Link, Question, always
from cibot.chat.typed import NAME, PREFIXES, addressed
from cibot.config.network import NetworkConfig
from cibot.errors import Permanent, Transient
from cibot.model import State
from cibot.text.card import Card, Span
from cibot.text.cleaning import between_blanks, one_line

log = logging.getLogger(__name__)

NETWORK = "console"
ROOM = "here"
_PROMPT = "ci> "
_GREETING = "Ask: status, list, help … (quit ends)"
_NARROWEST = 40  # columns; what is narrower is not wrapped by us
_UNSEEN = re.compile(r"\x1b\[[0-9;]*[mK]|\x1b\]8;;[^\x1b]*\x1b\\")
_MOST_TYPED = 4096  # bytes of one line
_ROOM = re.compile(r"\S{1,200}")
COLOURS = {
    State.SILENT: "35",
    State.FAILING: "31",
    State.DEGRADED: "33",
    State.UNKNOWN: "36",
    State.HEALTHY: "32",
}


def render(card: Card, *, colour: bool, urls: bool = True) -> list[str]:
    """A card as lines of a terminal: no control codes but our own.

    With ``urls`` the address of a link follows its text. Without, the text itself is the link where
    there are colours, and the address is left out elsewhere.
    """
    lines = ["".join(_span(span, colour, urls) for span in line).rstrip() for line in card.lines]
    lines = [text for text in lines if text.strip()] or ["(nothing to say)"]
    link = one_line(card.link or "")
    return [*lines, _dim(link, colour)] if link else lines


def _span(span: Span, colour: bool, urls: bool) -> str:
    text = body = one_line(span.text)
    href = one_line(span.href or "")
    if colour and span.state:
        text = f"\x1b[1;{COLOURS[span.state]}m{body}\x1b[0m"
    elif colour and span.strong:
        text = f"\x1b[1m{body}\x1b[0m"
    if href and href != body and urls:
        text = f"{text} {_dim(f'<{href}>', colour)}"
    elif href and body and colour and not urls:
        text = f"\x1b]8;;{href}\x1b\\{text}\x1b]8;;\x1b\\"
    return between_blanks(span.text, text)


def _dim(text: str, colour: bool) -> str:
    return f"\x1b[2m{text}\x1b[0m" if colour else text


def wrapped(text: str, columns: int) -> list[str]:
    """A rendered line broken between words, to fit; what follows is indented."""
    if columns < _NARROWEST or len(_UNSEEN.sub("", text)) <= columns:
        return [text]
    indent = " " * (len(text) - len(text.lstrip(" ")) + 2)
    lines = [""]
    for word in re.split(r"(?<=[^ ]) ", text):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(_UNSEEN.sub("", longer)) <= columns or not lines[-1].strip():
            lines[-1] = longer
        else:
            lines.append(indent + word)
    return lines


class ConsoleConfig(NetworkConfig):
    """``console = true``: the terminal of ``cibot run`` as a network."""

    section = NETWORK
    backend = "cibot.chat.console:on_this_terminal"

    @classmethod
    def field(cls) -> tuple[Any, Any]:
        """On or off; there is one terminal."""
        return bool, False

    @classmethod
    def networks(cls, value: Any) -> tuple[Self, ...]:
        """The terminal, where it is switched on."""
        return (cls(name=NETWORK),) if value else ()

    def private_room(self, nick: str, account: str | None) -> str:  # noqa: ARG002
        """Whoever types at the terminal reads it."""
        return ROOM


def on_this_terminal(_settings: ConsoleConfig) -> ConsoleBackend:
    """Prints to standard output and reads standard input."""
    return ConsoleBackend()


class ConsoleBackend:
    """Implements `cibot.chat.protocol.Backend` for a terminal, a pipe or a file.

    ``out`` defaults to standard output, ``typed`` to standard input. Colours
    default to a terminal without ``NO_COLOR``; reading defaults to a terminal.
    ``urls`` False keeps the addresses of links out of sight, as `render` has it.
    ``ended`` is set when the person types ``quit`` or ends the input.
    """

    network = NETWORK

    def __init__(
        self,
        *,
        out: TextIO | None = None,
        typed: TextIO | None = None,
        interactive: bool | None = None,
        greeting: str = _GREETING,
        urls: bool = True,
    ) -> None:
        self._greeting = greeting
        self._urls = urls
        self._out = out or sys.stdout
        self._typed = typed or sys.stdin
        tty = self._out.isatty()
        self._colour = tty and not os.environ.get("NO_COLOR")
        self._interactive = self._typed.isatty() if interactive is None else interactive
        self._prompt = _PROMPT if self._interactive and tty else ""
        self._lock = threading.Lock()
        self._link = Link(False, None, "not started")
        self._count = 0
        self._ending: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.ended = threading.Event()

    def start(self, answer: Answer, leads: Leads = always) -> None:  # noqa: ARG002
        """Begins to print, and to read where somebody types."""
        self._link = Link(True, datetime.now(UTC), "printing")
        if self._interactive:
            ended, self._ending = socket.socketpair()
            self._thread = threading.Thread(
                target=self._read, args=(answer, ended), name="console", daemon=True
            )
            self._thread.start()

    def stop(self, timeout: float) -> None:
        """Stops reading, in ``timeout`` seconds at the most, and printing."""
        if self._thread is not None and self._ending is not None:
            self._ending.close()
            self._thread.join(timeout)
        self._link = Link(False, datetime.now(UTC), "stopped")

    def send(self, room: str, card: Card, *, key: str) -> str:  # noqa: ARG002
        """Prints a card under its room's name."""
        if not _ROOM.fullmatch(room):
            raise Permanent(f"{room!r} is no room of the console; write a word, like {ROOM!r}")
        if not self._link.up:
            raise Transient(f"the console is {self._link.detail}")
        head, *rest = self._render(card)
        name = _dim(f"[{one_line(room)}]", self._colour)
        self._print([f"{name} {head}", *(f"    {text}" for text in rest)])
        self._count += 1
        return f"{NETWORK}:{self._count}"

    def find(self, room: str, key: str) -> str | None:
        """Raises LookupError: a terminal does not say what it showed."""
        raise LookupError(f"the console cannot tell whether {key} was shown in {room}")

    def link(self) -> Link:
        """Up between start and stop."""
        return self._link

    def _render(self, card: Card) -> list[str]:
        return render(card, colour=self._colour, urls=self._urls)

    def _print(self, lines: list[str]) -> None:
        with self._lock:
            try:
                text = self._laid_out(lines)
                self._out.write(text.encode(self._encoding, "replace").decode(self._encoding))
                self._out.flush()
            except (OSError, ValueError) as error:
                raise Transient(f"the console cannot be written: {error}") from error

    def _laid_out(self, lines: list[str]) -> str:
        clear = "\r\x1b[K" if self._prompt else ""
        columns = shutil.get_terminal_size().columns if self._out.isatty() else 0
        fitting = [part for line in lines for part in wrapped(line, columns)]
        return clear + "".join(f"{line}\n" for line in fitting) + self._prompt

    @property
    def _encoding(self) -> str:
        return self._out.encoding or "utf-8"

    def _read(self, answer: Answer, ended: socket.socket) -> None:
        try:
            if self._prompt:
                self._print([self._greeting] if self._greeting else [])
            for typed in self._lines(ended):
                text = addressed(typed, names=(NAME,), prefixes=PREFIXES, private=True) or ""
                if text in {"quit", "exit"}:
                    break
                self._answer(answer, text)
        except Transient as error:
            log.warning("%s", error)
        finally:
            ended.close()
            self.ended.set()

    def _answer(self, answer: Answer, text: str) -> None:
        if not text:
            self._print([])
            return
        where = Channel(NETWORK, ROOM)
        try:
            reply = answer(Question(text, Asker("you", account=NETWORK), where, private=True))
        except Exception:  # whatever it is: the next question is answered
            log.exception("console: a question failed: %r", text)
            reply = BROKEN
        self._print(self._render(reply) if reply is not None else [])

    def _lines(self, ended: socket.socket) -> Iterator[str]:
        """The typed lines, until the end of the input or `stop`."""
        number = self._typed.fileno()
        unread = b""
        while _may_read(number, ended):
            with suppress(InterruptedError):
                piece = os.read(number, _MOST_TYPED)
                if not piece:
                    if unread:
                        yield unread.decode(errors="replace")
                    return
                *whole, unread = (unread + piece).split(b"\n")
                unread = unread[-_MOST_TYPED:]
                for raw in whole:
                    yield raw.decode(errors="replace")


def _may_read(number: int, ended: socket.socket) -> bool:
    """Waits for input; False when the backend stops."""
    while True:
        ready, _, _ = select.select([number, ended.fileno()], [], [])
        if ended.fileno() in ready:
            return False
        if not os.isatty(number) or os.tcgetpgrp(number) == os.getpgrp():
            return True
        select.select([ended.fileno()], [], [], 1.0)  # in the background a read would stop us
