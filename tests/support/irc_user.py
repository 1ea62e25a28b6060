"""A person on IRC, over a raw socket: independent of the bot's library, sees bytes as they are."""

import base64
import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.support.processes import PATIENCE_S


@dataclass(frozen=True)
class IrcLine:
    """One line from the server: `@tags :source COMMAND params :text`."""

    raw: str
    source: str
    command: str
    params: tuple[str, ...]
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def nick(self) -> str:
        """Who sent it: the part of the source before `!`."""
        return self.source.partition("!")[0]

    @property
    def text(self) -> str:
        """The last parameter: what was said."""
        return self.params[-1] if self.params else ""


def parse_line(raw: str) -> IrcLine:
    """Splits a line as the protocol says."""
    rest, tags, source = raw, {}, ""
    if rest.startswith("@"):
        words, _, rest = rest[1:].partition(" ")
        tags = {k: v for k, _, v in (word.partition("=") for word in words.split(";"))}
    if rest.startswith(":"):
        source, _, rest = rest[1:].partition(" ")
    middle, colon, trailing = rest.partition(" :")
    params = [*middle.split(), *([trailing] if colon else [])]
    return IrcLine(raw, source, params[0].upper(), tuple(params[1:]), tags)


class IrcUser:
    """One user: `with IrcUser(port, "alice") as alice: alice.join("#x"); alice.say("#x", "hi")`.

    Every wait takes a limit in seconds and fails with the lines seen so far. PING is answered
    whenever the user reads.
    """

    def __init__(
        self,
        port: int,
        nick: str,
        *,
        ca: Path | None = None,
        password: str | None = None,
        capabilities: str = "",
        sasl: tuple[str, str] | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> None:
        """Connects and registers; over TLS when `ca` is given.

        `capabilities` are words for CAP REQ, `sasl` is a services account and its password.
        """
        self.nick = nick
        self.timeout_s = timeout_s
        self.seen: list[IrcLine] = []
        self._unread: list[IrcLine] = []
        self._buffer = b""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        try:
            if ca is not None:
                context = ssl.create_default_context(cafile=str(ca))
                self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
            self._register(password, capabilities, sasl)
        except BaseException:
            self._socket.close()
            raise

    def _register(
        self, password: str | None, capabilities: str, sasl: tuple[str, str] | None
    ) -> None:
        if password:
            self.send(f"PASS {password}")
        wanted = f"{capabilities} sasl".strip() if sasl else capabilities
        if wanted:
            self.send(f"CAP REQ :{wanted}")
        self.send(f"NICK {self.nick}")
        self.send(f"USER {self.nick} 0 * :{self.nick} of the tests")
        if wanted:
            answer = self.wait_for(
                lambda line: line.command == "CAP" and len(line.params) > 2, "CAP"
            )
            assert answer.params[1] == "ACK", answer.raw
            if sasl:
                self._log_in(*sasl)
            self.send("CAP END")
        self.wait_for(lambda line: line.command == "001", "001 (welcome)")

    def _log_in(self, account: str, password: str) -> None:
        self.send("AUTHENTICATE PLAIN")
        self.wait_for(lambda line: line.command == "AUTHENTICATE", "AUTHENTICATE +")
        secret = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
        self.send(f"AUTHENTICATE {secret}")
        answer = self.wait_for(lambda line: line.command in {"903", "904"}, "903 (logged in)")
        assert answer.command == "903", answer.raw

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.quit()

    def send(self, line: str | bytes) -> None:
        """Sends one raw line; bytes go out as they are, for hostile tests."""
        body = line if isinstance(line, bytes) else line.encode()
        self._socket.sendall(body + b"\r\n")

    def join(self, channel: str, key: str = "") -> None:
        """Joins and waits until the server has confirmed it."""
        self.send(f"JOIN {channel} {key}".strip())
        what = f"JOIN {channel}"
        self.wait_for(lambda line: line.command == "JOIN" and line.nick == self.nick, what)
        self.wait_for(lambda line: line.command == "366", f"366 after {what}")

    def say(self, target: str, text: str) -> None:
        """Says something in a channel or to a user."""
        self.send(f"PRIVMSG {target} :{text}")

    def names(self, channel: str) -> set[str]:
        """Who is in the channel, without the @ and + of operators and voiced users."""
        self.send(f"NAMES {channel}")
        nicks: set[str] = set()
        while True:
            line = self.wait_for(lambda reply: reply.command in {"353", "366"}, f"NAMES {channel}")
            if line.command == "366":
                return nicks
            nicks.update(name.lstrip("@+%&~") for name in line.text.split())

    def hears(
        self,
        contains: str = "",
        *,
        nick: str | None = None,
        target: str | None = None,
        command: str = "PRIVMSG",
        timeout_s: float | None = None,
    ) -> IrcLine:
        """Waits for the next thing said (by `nick`, in `target`) whose text has `contains`."""

        def fits(line: IrcLine) -> bool:
            return (
                line.command == command
                and contains in line.text
                and (nick is None or line.nick == nick)
                and (target is None or line.params[0].lower() == target.lower())
            )

        return self.wait_for(fits, f"{command} with {contains!r} by {nick or 'anyone'}", timeout_s)

    def wait_for(
        self, fits: Callable[[IrcLine], bool], what: str, timeout_s: float | None = None
    ) -> IrcLine:
        """The next unread line that fits; lines before it count as read."""
        limit = self.timeout_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + limit
        while True:
            while self._unread:
                line = self._unread.pop(0)
                if fits(line):
                    return line
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                last = "\n".join(line.raw for line in self.seen[-20:])
                raise AssertionError(f"{self.nick} waited {limit:g} s for {what}; saw:\n{last}")

    def lines(self, quiet_s: float = 0.0) -> list[IrcLine]:
        """All unread lines, once the server has answered a PING (and nothing came for `quiet_s`).

        What the server sent before its PONG is here, so "nothing more was said" can be tested
        without waiting, when the sender is known to have sent.
        """
        mark = f"mark{time.monotonic_ns()}"
        self.send(f"PING {mark}")
        before: list[IrcLine] = []
        while True:
            line = self.wait_for(lambda _: True, "PONG")
            if line.command == "PONG" and mark in line.raw:
                break
            before.append(line)
        while quiet_s and self._read(quiet_s):
            pass
        before += self._unread
        self._unread = []
        return before

    def quit(self) -> None:
        """Leaves; quitting twice is fine."""
        with contextlib.suppress(OSError):
            self.send("QUIT :bye")
        self._socket.close()

    def drop(self) -> None:
        """Closes the connection without a word."""
        self._socket.close()

    def _read(self, limit_s: float) -> bool:
        """Takes in what has come; false when nothing came in time or the server hung up."""
        self._socket.settimeout(max(limit_s, 0.001))
        try:
            piece = self._socket.recv(65536)
        except TimeoutError:
            return False
        if not piece:
            return False
        *whole, self._buffer = (self._buffer + piece).split(b"\n")
        for raw in whole:
            text = raw.rstrip(b"\r").decode("utf-8", "replace")
            if not text:
                continue
            line = parse_line(text)
            if line.command == "PING":
                self.send(f"PONG :{line.text}")
                continue
            self.seen.append(line)
            self._unread.append(line)
        return True
