"""The HTTP server: waitress, with threads by path and deadlines, ended in order.

waitress reads and writes in one thread, so a slow client costs a socket and no thread. It counts
every byte as activity, though, and waits without limit for a client that sends few. Here the
header, the body and the reading of the answer each have a deadline, and the number of connections
is limited.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask
from waitress.trigger import trigger

from cibot.errors import ConfigError
from cibot.web.server.lanes import Answer, Lanes, Take, Task, lanes_of, network_of

_BUFFER = 128 * 1024  # bytes of a request or an answer in memory; the rest goes to a file
_MOST_BUFFERED = 1 << 20  # then the thread that answers waits for the client


class WebServer:
    """Serves the application from threads of its own; port 0 takes a free one.

    ``together`` deals with all that waits below its paths at once, by a thread for each path;
    ``pages`` threads answer everything else. ``proxies`` lets the
    application see what so many proxies say of a request; ``prefix`` is the part of the
    path that they leave on it.
    """

    def __init__(
        self,
        app: Flask,
        listen: str,
        *,
        together: Mapping[str, Take] | None = None,
        pages: int = 2,
        proxies: int = 0,
        prefix: str | None = None,
        patience: Deadlines | None = None,
    ) -> None:
        host, _, port = listen.rpartition(":")
        patience = patience or Deadlines()
        self._sockets: dict[int, Any] = {}
        lanes = lanes_of(pages, together or {})
        self._lanes = Lanes(lanes, prefix or "", _Sender(proxies), self._aside)
        try:
            self._server: Any = create_server(
                app,
                map=self._sockets,
                _dispatcher=self._lanes,
                host=host.strip("[]"),
                port=int(port),
                ident="cibot",
                max_request_body_size=(1 << 20) + 8192,
                max_request_header_size=32 * 1024,
                inbuf_overflow=_BUFFER,
                outbuf_overflow=_BUFFER,
                outbuf_high_watermark=_MOST_BUFFERED,
                connection_limit=patience.connections + 64,
                asyncore_use_poll=True,  # select takes no descriptor above 1023
                # `cibot.web.proxy` reads them, as far as the configuration says
                clear_untrusted_proxy_headers=not proxies,
            )
        except (OSError, ValueError) as error:
            self._lanes.shutdown(timeout=1)
            self._close()
            raise _not_listening(listen, error) from error
        for server in self._servers():
            server.channel_class = partial(Connection, patience=patience)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, as a person would type it; the first of several addresses."""
        first = self._servers()[0]
        host = first.effective_host
        return f"http://{f'[{host}]' if ':' in host else host}:{first.effective_port}"

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return sum(isinstance(part, Connection) for part in self._parts())

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends after the requests under way, within twice ``timeout`` seconds."""
        # A request that ends after the close would write to a socket that is gone.
        self._lanes.shutdown(cancel_pending=True, timeout=timeout)
        if self._thread.is_alive():
            # The thread that waits for the sockets closes them: one that another
            # thread closed under it is an error to it.
            self._aside(self._close)
            self._thread.join(timeout)
            for connection in self._parts():  # who does not read its answer
                connection.will_close = True
        else:
            self._close()

    def _servers(self) -> list[Any]:
        """One server for each address that the host name resolves to."""
        return [part for part in self._parts() if isinstance(part, BaseWSGIServer)]

    def _parts(self) -> list[Any]:
        """All that has a socket now; the thread that serves them goes on adding and closing."""
        return list(self._sockets.values())

    def _aside(self, work: Callable[[], None]) -> None:
        """Lets the thread that reads and writes do it, after what it was given before."""
        bell = next(part for part in self._parts() if isinstance(part, trigger))
        bell.pull_trigger(work)

    def _close(self) -> None:
        """Stops listening; a connection ends when its last answer is sent, then the loop ends."""
        for part in self._parts():
            if isinstance(part, Connection):
                part.close_when_flushed = True
            else:
                part.close()


def _not_listening(listen: str, error: OSError | ValueError) -> ConfigError:
    # waitress's own word for a name that it does not find
    why = error.strerror if isinstance(error, OSError) else "no such host or port"
    return ConfigError(
        f"web.listen: {listen} cannot be listened on: {why};"
        " choose another address or end the program that has it"
    )


class _Sender:
    """Tells who sent a request: the client, or what ``proxies`` proxies say of it."""

    def __init__(self, proxies: int) -> None:
        self._proxies = proxies

    def __call__(self, task: Task) -> str:
        if self._proxies:
            hops = str(task.requests[0].headers.get("X_FORWARDED_FOR", "")).split(",")
            if len(hops) >= self._proxies and hops[-self._proxies].strip():
                return network_of(hops[-self._proxies].strip())
        return network_of(str(getattr(task, "addr", ("",))[0]))


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
    answer: Answer | None = None

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # of an address like http://[x
            raise ParsingError("Bad URI") from error
        # A proxy may see other requests in the same bytes (RFC 9112, 6.1 and 6.3; RFC 9110, 7.2).
        length, coding = "CONTENT_LENGTH" in self.headers, "TRANSFER_ENCODING" in self.headers
        if (self.chunked and length) or coding or "," in self.headers.get("HOST", ""):
            raise ParsingError("Ambiguous headers")
        if _LARGE_BODIES not in self.path:
            self.adj = _Smaller(self.adj)


class _Smaller:
    """waitress's settings with a smaller largest body."""

    max_request_body_size = SMALL_BODY

    def __init__(self, adj: Any) -> None:
        self._adj = adj

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adj, name)


class _Answering(WSGITask):  # type: ignore[misc]
    """Asks the application, unless the request was taken together with others."""

    def execute(self) -> None:
        answer = self.request.answer
        if answer is None:
            super().execute()
            return
        self.complete = True
        self.status, self.response_headers = answer.status, list(answer.headers)
        self.content_length = len(answer.body)
        self.write(answer.body)


class Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection, with deadlines."""

    parser_class = _Request
    task_class = _Answering

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
