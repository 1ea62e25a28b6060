"""An IRC server of a few lines on loopback that lets everybody in: for tests about the backend."""

import socket
import threading
from typing import Self

CLOSED_ROOM = "#closed"  # bans everybody


class ObligingServer:
    """``with ObligingServer() as server:`` serves one connection after another."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[str] = []
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            client.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            with client, client.makefile("r", newline="\r\n", errors="replace") as lines:
                try:
                    for line in lines:
                        for answer in self._answers(line.rstrip("\r\n")):
                            client.sendall(f"{answer}\r\n".encode())
                except OSError:
                    continue

    def _answers(self, line: str) -> list[str]:
        command, _, rest = line.partition(" ")
        match command:
            case "CAP" if rest.startswith("LS"):
                return [":irc.test CAP * LS :"]
            case "CAP":
                return [":irc.test 001 cibot :hello", ":irc.test 422 cibot :no MOTD"]
            case "JOIN" if rest == CLOSED_ROOM:
                return [f":irc.test 474 cibot {rest} :Cannot join channel (+b)"]
            case "JOIN":
                return [f":cibot!c@h JOIN {rest}", f":irc.test 366 cibot {rest} :end"]
            case "WHOIS":
                return [f":irc.test 318 cibot {rest} :end"]
            case "PING":
                return [f":irc.test PONG irc.test :{rest}"]
            case "PRIVMSG":
                self.heard.append(line)
            case "QUIT":
                return ["ERROR :bye"]
        return []
