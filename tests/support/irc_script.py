"""An IRC server that plays a script on loopback, one connection after another.

``with IrcScript() as server:`` gives a port; ``with server.accept() as client:``
is one connection, on which the test says what the server sends and asserts
what the bot sent. It can be as wrong as a test likes.
"""

import socket
from collections.abc import Callable
from typing import Self

LIMIT_S = 10.0


class ScriptClient:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._socket.settimeout(LIMIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.seen: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *lines: str | bytes) -> None:
        """Sends lines; bytes go as they are, with CR LF behind."""
        raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
        self._socket.sendall(b"".join(line + b"\r\n" for line in raw))

    def raw(self, data: bytes) -> None:
        """Sends bytes without an end of line."""
        self._socket.sendall(data)

    def line(self) -> str:
        """The next line of the bot; fails at the end of the connection."""
        while b"\r\n" not in self._buffer:
            piece = self._socket.recv(65536)
            assert piece, f"the bot hung up; it had sent {self.seen}"
            self._buffer += piece
        raw, self._buffer = self._buffer.split(b"\r\n", 1)
        line = raw.decode()
        self.seen.append(line)
        return line

    def expect(self, start: str) -> str:
        """The next line must start so; returns it."""
        line = self.line()
        assert line.startswith(start), f"{line!r} where {start!r} was expected; all: {self.seen}"
        return line

    def until(self, fits: Callable[[str], bool] | str) -> str:
        """Reads on to a line that fits (or starts so), and returns it."""
        while True:
            line = self.line()
            if line.startswith(fits) if isinstance(fits, str) else fits(line):
                return line

    def ended(self) -> bool:
        """Waits for the bot to hang up; what it still said is in `seen`."""
        while True:
            try:
                piece = self._socket.recv(65536)
            except ConnectionResetError:
                return True
            if not piece:
                self.seen += self._buffer.decode().split("\r\n")[:-1]
                return True
            self._buffer += piece

    def log_in(self, *, caps: str = "", nick: str = "cibot", supports: str = "") -> None:
        """Plays a normal login; ``caps`` are offered and granted."""
        self.expect("CAP LS 302")
        self.until("USER ")
        self.send(f":irc.test CAP * LS :{caps}")
        if caps:
            wanted = self.expect("CAP REQ :").partition(" :")[2]
            self.send(f":irc.test CAP * ACK :{wanted}")
        self.expect("CAP END")
        self.welcome(nick=nick, supports=supports)

    def welcome(self, *, nick: str = "cibot", supports: str = "") -> None:
        """001, 005 and the end of the MOTD; takes the bot's MODE."""
        self.send(f":irc.test 001 {nick} :Welcome")
        if supports:
            self.send(f":irc.test 005 {nick} {supports} :are supported")
        self.send(f":irc.test 422 {nick} :no MOTD")
        self.expect(f"MODE {nick} +")
        self.expect(f"PING {self.proven()}")  # goes with the first WHOIS only

    def proven(self) -> str:
        """Answers the WHOIS of nobody that shows that the network is there; returns its nick."""
        token = self.until("WHOIS ").removeprefix("WHOIS ")
        self.send(f":irc.test 401 cibot {token} :No such nick", f":irc.test 318 cibot {token} :end")
        return token

    def joined(self, room: str, *others: str, nick: str = "cibot") -> None:
        """Lets the bot in, with the names of those who are there."""
        self.send(
            f":{nick}!~cibot@host.test JOIN {room}",
            f":irc.test 353 {nick} = {room} :@{nick} {' '.join(others)}",
            f":irc.test 366 {nick} {room} :end",
        )
        self.proven()

    def still_there(self) -> None:
        """A PING that the bot answers shows that its loop runs."""
        self.send("PING :alive")
        self.until("PONG :alive")


class IrcScript:
    """A listening socket on 127.0.0.1; ``port`` is where the bot connects."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LIMIT_S)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def accept(self) -> ScriptClient:
        """The bot's next connection."""
        return ScriptClient(self._listener.accept()[0])
