"""The server's end of Socket Mode: RFC 6455, as little of it as Slack uses."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import queue
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Session:
    """One open websocket; ``acks`` holds what the app answered."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sending = threading.Lock()
        self.acks: queue.Queue[dict[str, Any]] = queue.Queue()
        self.closed = threading.Event()

    def send(self, message: dict[str, Any]) -> None:
        self.frame(TEXT, json.dumps(message).encode())

    def frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([size])
        elif size < 1 << 16:
            head += b"\x7e" + struct.pack("!H", size)
        else:
            head += b"\x7f" + struct.pack("!Q", size)
        with self._sending:
            self._sock.sendall(head + payload)

    def drop(self) -> None:
        """Breaks the connection without a word."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def read(self) -> None:
        """Handles frames until the connection ends."""
        try:
            while True:
                opcode, payload = self._frame()
                if opcode == PING:
                    self.frame(PONG, payload)
                elif opcode == TEXT:
                    self.acks.put(json.loads(payload))
                elif opcode == CLOSE:
                    return
        except (OSError, EOFError):
            return
        finally:
            self.closed.set()
            self._sock.close()

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._exactly(8))
        assert second & 0x80, "a client must mask its frames"
        mask = self._exactly(4)
        payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self._exactly(size)))
        return first & 0x0F, payload

    def _exactly(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            part = self._sock.recv(size - len(got))
            if not part:
                raise EOFError
            got += part
        return got


class WebsocketServer:
    """Accepts websockets with a ticket that ``admit`` knows; the newest is ``sessions[-1]``."""

    def __init__(self, admit: Callable[[str], bool]) -> None:
        self._admit = admit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.sessions: list[Session] = []
        self.opened: queue.Queue[Session] = queue.Queue()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        for session in self.sessions:
            session.drop()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            part = sock.recv(4096)
            if not part:
                sock.close()
                return
            request += part
        line, *headers = request.decode().split("\r\n")
        fields = {
            name.lower(): value.strip()
            for name, _, value in (header.partition(":") for header in headers)
        }
        if not self._admit(line.split(" ")[1]):
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            sock.close()
            return
        digest = hashlib.sha1((fields["sec-websocket-key"] + _GUID).encode()).digest()
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        session = Session(sock)
        self.sessions.append(session)
        open_now = sum(not other.closed.is_set() for other in self.sessions)
        session.send({"type": "hello", "num_connections": open_now})
        self.opened.put(session)
        session.read()
