"""A TCP relay between the bot and a server: it can be shut, stalled, or lead elsewhere."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from typing import Self

from tests.support.processes import free_port


class Gate:
    """`with Gate(server.port) as gate:` listens on ``gate.port`` until the block ends.

    ``target`` is the port that new connections are led to, None turns them away.
    """

    def __init__(self, target: int) -> None:
        self.target: int | None = target
        self.port = free_port()
        self._stalled = threading.Event()
        self._closing = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._passing = threading.Lock()  # held while a piece gets through
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(0.1)
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._accept, self._relay)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def cut(self) -> None:
        """Ends every connection."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for connection in pair:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def stall(self) -> None:
        """Nothing gets through any more, and nobody is told: every link is half open."""
        with self._passing:
            self._stalled.set()

    def flow(self) -> None:
        """What `stall` held up is lost: its connections end, new ones work."""
        self.cut()
        self._stalled.clear()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            target = self.target
            if target is None:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", target), 5)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.append((near, far))

    def _relay(self) -> None:
        while not self._closing.wait(0.0):
            with self._lock:
                ways = {source: two for pair in self._pairs for source, two in (pair, pair[::-1])}
            if self._stalled.is_set() or not ways:
                self._closing.wait(0.02)
                continue
            with selectors.DefaultSelector() as selector:
                try:
                    for source in ways:
                        selector.register(source, selectors.EVENT_READ)
                    ready = selector.select(0.05)
                except (OSError, ValueError):  # cut meanwhile
                    continue
            for key, _ in ready:
                with self._passing:
                    if not self._stalled.is_set():
                        self._pass_on(key.fileobj, ways[key.fileobj])  # type: ignore[arg-type,index]

    def _pass_on(self, source: socket.socket, two: socket.socket) -> None:
        try:
            piece = source.recv(65536)
            if piece:
                two.sendall(piece)
                return
        except OSError:
            pass
        with self._lock:
            self._pairs = [pair for pair in self._pairs if source not in pair]
        for each in (source, two):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
