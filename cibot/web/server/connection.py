"""A connection that ends when its client is too slow or sends too much.

waitress counts every byte as activity and waits without limit for a client that sends few. Here the
header, the body and the reading of the answer each have a deadline, and the number of connections
is limited.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

SMALL_BODY = 128 * 1024  # bytes, of what is not a webhook
_LARGE_BODIES = "/webhooks/"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the server waits for a client (seconds), and for how many clients."""

    header: float = 10.0  # from the connection's begin, or a request's first byte, to its end
    body: float = 30.0
    idle: float = 75.0  # between two requests
    stalled: float = 10.0  # while not one byte of the answer is taken
    answer: float = 120.0
    look: float = 1.0  # how often that is looked at
    connections: int = 640  # from then on a new one takes the place of one that waits


class _Request(HTTPRequestParser):  # type: ignore[misc]
    """A request; only one that posts a webhook may have a large body."""

    adj: Any

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if _LARGE_BODIES not in self.path:
            self.adj = _Smaller(self.adj)


class _Smaller:
    """waitress's settings with a smaller largest body."""

    max_request_body_size = SMALL_BODY

    def __init__(self, adj: Any) -> None:
        self._adj = adj

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adj, name)


class Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection, with deadlines."""

    parser_class = _Request

    def __init__(self, server: Any, *arguments: Any, patience: Deadlines, **more: Any) -> None:
        super().__init__(server, *arguments, **more)
        now = time.monotonic()
        self.answered = False  # whether it ever sent a whole request
        self._patience = patience
        self._deadline = now + patience.header
        self._look_at = now + patience.look
        self._header_done = False
        self._answer_since: float | None = None
        self._unsent, self._moved_at = 0, now
        if len(server.active_channels) > patience.connections:
            _make_room(server.active_channels.values(), self)

    def readable(self) -> bool:
        """Whether to read; asked at least each second, so the deadlines are looked at here.

        Once a second of each connection: it is asked of all whenever one has something.
        """
        now = time.monotonic()
        if self.will_close or now >= self._look_at:
            self._look_at = now + self._patience.look
            if self.will_close or self._too_late(now):
                self.hang_up()
                return False
        return bool(super().readable())

    def hang_up(self) -> None:
        """Ends the connection now, in the thread that reads and writes.

        waitress would wait until it can write, which never comes when the client does not read.
        """
        self.will_close = self.close_when_flushed = False
        self.handle_close()

    def received(self, data: bytes) -> bool:
        """Reads a piece of a request, and says until when its rest must be there."""
        begins = self.request is None
        took = bool(super().received(data))
        request, now = self.request, time.monotonic()
        if request is None:  # it is whole
            self.answered = True
            self._header_done = False
            self._deadline = now + self._patience.idle
        elif request.headers_finished and not self._header_done:
            self._header_done = True
            self._deadline = now + self._patience.body
        elif begins:
            self._deadline = now + self._patience.header
        return took

    def _too_late(self, now: float) -> bool:
        if self.total_outbufs_len:
            if self._answer_since is None:
                self._answer_since = self._moved_at = now
            if self.total_outbufs_len != self._unsent:
                self._unsent, self._moved_at = self.total_outbufs_len, now
            stalled = now > self._moved_at + self._patience.stalled
            return stalled or now > self._answer_since + self._patience.answer
        if self._answer_since is not None:
            self._answer_since = None
            self._deadline = now + self._patience.idle
        if self.requests:
            return False  # we are the slow ones
        return now > self._deadline

    @property
    def waits_since(self) -> float:
        """The lowest value belongs to the connection that has waited longest for its client."""
        return self._deadline


def _make_room(connections: Any, newest: Connection) -> None:
    """Ends one that waits for its client: of the address with the most, the oldest first."""
    idle = [link for link in connections if link is not newest and not link.requests]
    if not idle:
        return
    crowd = Counter(link.addr[0] for link in idle)
    victim = max(idle, key=lambda link: (not link.answered, crowd[link.addr[0]], -link.waits_since))
    victim.hang_up()
