"""One socket to an IRC server, and the loop that serves it.

The library's connection is made safe: no line and no handler can end the
loop, bytes of any encoding are read, the socket never blocks the reactor
thread, and only that thread writes.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from irc.client import Reactor, ServerConnection
from jaraco.stream.buffer import LenientDecodingLineBuffer

from cibot.chat.irc.wire import IrcLine, read_line
from cibot.errors import Transient

log = logging.getLogger(__name__)

_MOST_UNREAD = 1 << 16  # bytes of a line without an end; tags and text need 8.7 kB
_MOST_UNSENT = 1 << 20  # bytes that a server does not take
_CHUNK = 1 << 14
_CHUNKS_A_TURN = 16


def guarded(job: Callable[[], None], what: str) -> None:
    """Does one piece of work; what goes wrong in it is logged and ends there.

    People on the network choose much of the input, and one mistake of ours
    must not take the whole connection down.
    """
    try:
        job()
    except Exception:  # whatever it is: the connection goes on
        log.exception("irc: dropped %s", what)


class GuardedConnection(ServerConnection):  # type: ignore[misc]  # the library has no types
    """A connection on a socket that is already open; it does not log in by itself."""

    buffer_class = LenientDecodingLineBuffer

    def __init__(self, reactor: Reactor) -> None:
        super().__init__(reactor)
        self.socket: Any = None  # the library's word for closed is None
        self.connected = False
        self._unsent = bytearray()
        self.heard_at = 0.0
        self.on_line: Callable[[IrcLine], None] = lambda _line: None
        self.on_lost: Callable[[str], None] = lambda _why: None

    def open(self, sock: socket.socket) -> None:
        """Takes over a connected, non-blocking socket."""
        self.buffer = self.buffer_class()
        self.socket = sock
        self.connected = True
        self._unsent.clear()
        self.heard_at = time.monotonic()

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait for the server to take them."""
        return bool(self._unsent)

    def process_data(self) -> None:
        """Reads what is there and handles each line."""
        for _ in range(_CHUNKS_A_TURN):
            try:
                received = self.socket.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                self.disconnect(f"the connection broke: {error}")
                return
            if not received:
                self.disconnect("the server closed the connection")
                return
            self.heard_at = time.monotonic()
            self.buffer.feed(received)
            for raw in self.buffer:
                self._process_line(raw)
                if not self.connected:
                    return
            if len(self.buffer) > _MOST_UNREAD:
                self.disconnect("the server sends a line without an end")
                return

    def _process_line(self, raw: str) -> None:
        """Handles one line; whatever is wrong with it stays with it."""
        line = read_line(raw)
        if line is not None:
            guarded(lambda: self.on_line(line), f"the line {raw[:300]!r}")

    def send_raw(self, string: str) -> None:
        """Sends one line as soon as the socket takes it. Reactor thread only."""
        if not self.connected:
            return
        self._unsent += string.encode("utf-8", "replace") + b"\r\n"
        if len(self._unsent) > _MOST_UNSENT:
            self.disconnect("the server does not read")
            return
        self.flush()

    def flush(self) -> None:
        """Writes as much as the socket takes now."""
        try:
            while self.connected and self._unsent:
                del self._unsent[: self.socket.send(self._unsent[:_CHUNK])]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            self.disconnect(f"the connection broke: {error}")

    def disconnect(self, message: str = "") -> None:
        """Closes the socket and says once why."""
        if not self.connected:
            return
        self.connected = False
        with suppress(OSError):
            self.socket.close()
        self.socket = None
        self.on_lost(message)


class WakingReactor(Reactor):  # type: ignore[misc]  # the library has no types
    """A loop that any thread can wake; it takes file numbers above 1023 too."""

    connection_class = GuardedConnection

    def __init__(self) -> None:
        super().__init__()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def wake(self) -> None:
        """Ends the wait of `process_once`. Any thread may call it."""
        with suppress(OSError):  # full: it wakes anyway; closed: no reader is left
            self._waker.send(b"!")

    def close(self) -> None:
        """Closes what the reactor itself holds."""
        self._woken.close()
        self._waker.close()

    def wait_for(self, sock: socket.socket | None, write: bool, timeout: float) -> bool:
        """Waits until ``sock`` can be read, or written, or the reactor was woken.

        True when the socket is ready. ``timeout`` is seconds.
        """
        ready = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            if sock is not None:
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if write else 0)
                selector.register(sock, events)
            for key, _events in selector.select(max(0.0, timeout)):
                if key.fileobj is self._woken:
                    with suppress(BlockingIOError):
                        while self._woken.recv(4096):
                            pass
                else:
                    ready = True
        return ready

    def process_once(self, timeout: float = 0) -> None:
        """Waits for the socket or a wake-up, reads, and writes what waits."""
        for connection in self.connections or [None]:
            sock = connection.socket if connection else None
            write = bool(connection and connection.wants_write)
            if self.wait_for(sock, write, timeout) and connection.connected:
                connection.process_data()
                connection.flush()


def dial(
    reactor: WakingReactor,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None,
    timeout: float,
    cancelled: Callable[[], bool],
) -> socket.socket:
    """Opens a socket over IPv6 or IPv4, with TLS verified where ``tls`` is given.

    Every address of the host is tried, ``timeout`` seconds each. Returns a
    non-blocking socket; raises Transient when none answers, when the
    certificate is not trusted, or when ``cancelled``.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Transient(f"{host}: {error.strerror or error}") from error
    except ValueError as error:  # a label that no name can have
        raise Transient(f"{host[:100]!r} is no host name: {error}") from error
    wrong = f"{host} has no address"
    for family, kind, protocol, _name, address in addresses:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # lines are short and urgent
        wait = _Deadline(reactor, time.monotonic() + timeout, cancelled)
        try:
            _connect(sock, address, wait)
            return _handshake(sock, tls, host, wait) if tls else sock
        except ssl.SSLCertVerificationError as error:
            wrong = f"the certificate of {host}:{port} is not trusted: {error.verify_message}"
        except ssl.SSLError as error:
            wrong = f"{host}:{port} does not speak TLS: {error.reason or error}"
        except OSError as error:
            wrong = f"{host}:{port}: {error.strerror or error}"
        sock.close()
    raise Transient(wrong)


class _Deadline:
    """Waits for a socket until a time of `time.monotonic`, or until it is cancelled."""

    def __init__(self, reactor: WakingReactor, at: float, cancelled: Callable[[], bool]) -> None:
        self._reactor, self._at, self._cancelled = reactor, at, cancelled

    def __call__(self, sock: socket.socket, write: bool) -> None:
        while not self._cancelled():
            left = self._at - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            if self._reactor.wait_for(sock, write, left):
                return
        raise OSError("stopped")


def _connect(sock: socket.socket, address: object, wait: _Deadline) -> None:
    with suppress(BlockingIOError):
        sock.connect(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        return
    wait(sock, True)
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))


def _handshake(
    sock: socket.socket, tls: ssl.SSLContext, host: str, wait: _Deadline
) -> ssl.SSLSocket:
    wrapped = tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                wrapped.do_handshake()
                return wrapped
            except ssl.SSLWantReadError:
                wait(wrapped, False)
            except ssl.SSLWantWriteError:
                wait(wrapped, True)
    except TimeoutError as error:
        wrapped.close()
        raise TimeoutError(f"{error} to the TLS greeting; does that port speak TLS?") from error
    except OSError:
        wrapped.close()
        raise
