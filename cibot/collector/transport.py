"""GET over one HTTP session, with every failure named.

Gerrit stands behind proxies, logins and its own restarts. What comes back is
either the JSON that was asked for or an error that says where, what, and what
to do: `Transient` where trying again may help, `Permanent` where a person must
act. The retries are our own and not urllib3's, because those sleep through a
shutdown, obey a ``Retry-After`` of any length and do not cover a cut body.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cibot.collector import complaints
from cibot.errors import CibotError, ConfigError, Stopping, Transient

_LOOK_S = 0.2
_MOST_OPEN = 4


class Cut:
    """The sockets of one session, and why they were shut down, if they were."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.reason: str | None = None
        weakref.finalize(self, _close, self._sockets)

    def opened(self, link: socket.socket) -> None:
        """Takes note of a new connection.

        A duplicate is kept, since TLS wraps the socket in another one and drops it.
        """
        with self._lock:
            # A session uses one connection at a time: the older ones have ended.
            _close(self._sockets, keep=_MOST_OPEN - 1)
            self._sockets.append(link.dup())

    def close(self) -> None:
        """Forgets the connections, which end by themselves."""
        with self._lock:
            _close(self._sockets)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shuts every connection down when the block takes longer, or the bot stops."""
        self.reason = None
        done, deadline = threading.Event(), time.monotonic() + seconds

        def watch() -> None:
            while not done.wait(_LOOK_S):
                if self._stop.is_set():
                    return self._shut("cibot is stopping")
                if time.monotonic() > deadline:
                    return self._shut(f"the answer did not end within {seconds:g} s")
            return None

        watcher = threading.Thread(target=watch, name="deadline", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _shut(self, reason: str) -> None:
        self.reason = reason
        with self._lock:
            for link in self._sockets:
                with suppress(OSError):  # it may have ended already
                    link.shutdown(socket.SHUT_RDWR)
                link.close()
            self._sockets.clear()


class CutAdapter(HTTPAdapter):
    """Makes the connections of a session known to a `Cut`."""

    def __init__(self, cut: Cut) -> None:
        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _noted(cut, super()._new_conn())

        class Tls(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _noted(cut, super()._new_conn())

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self._pools = {"http": PlainPool, "https": TlsPool}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """As the parent's, with our connections."""
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        """As the parent's, with our connections."""
        manager = super().proxy_manager_for(*arguments, **more)
        manager.pool_classes_by_scheme = self._pools
        return manager


class DirectSession(requests.Session):
    """Follows no redirect, and so does not look where one leads, which may be no address."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None."""


def _close(sockets: list[socket.socket], keep: int = 0) -> None:
    """Closes all but the newest ``keep``."""
    for link in sockets[: max(0, len(sockets) - keep)]:
        link.close()
    del sockets[: max(0, len(sockets) - keep)]


def _noted(cut: Cut, link: socket.socket) -> socket.socket:
    cut.opened(link)
    return link


MAGIC = b")]}'"  # Gerrit's guard against cross-site script inclusion
MAX_ANSWER = 16 * 2**20  # bytes; a page of a busy server has two or three million
MAX_VALUES = 500_000  # in one answer, counted before it is read: "{}," takes 80 bytes of memory
LONGEST_WAIT = 30.0  # seconds; a longer Retry-After is left to the caller
_CHUNK = 2**16
_STOPPING = "not asked to the end, cibot is stopping"
_WHOLE = 5  # times the read timeout, for a whole answer


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The JSON of one answer, and the server's own clock when it sent it."""

    value: Any
    served_at: datetime | None


class _NoCredentials(AuthBase):
    """Keeps requests from sending what it finds in a ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Pace:
    """Keeps ``rate`` turns a second (None: no limit), until ``stop`` is set."""

    def __init__(self, rate: float | None, stop: threading.Event) -> None:
        self._spacing = 1.0 / rate if rate else 0.0
        self._stop = stop
        self._not_before = 0.0

    def keep(self) -> bool:
        """Wait for the next turn; False when it is time to stop instead."""
        pause = self._not_before - time.monotonic()
        if self._stop.wait(pause) if pause > 0 else self._stop.is_set():
            return False
        self._not_before = time.monotonic() + self._spacing
        return True


class Transport:
    """One session to one Gerrit; safe to use from one thread at a time.

    ``timeout`` is (connect, read) in seconds; a whole answer may take five times
    ``read``. ``rate`` is the most requests a second, None for no limit.
    ``verify`` is True, False, or the path of a CA bundle. Setting ``stop`` ends
    every wait at once with a Transient error.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        verify: bool | str = True,
        timeout: tuple[float, float] = (10.0, 60.0),
        rate: float | None = None,
        retries: int = 3,
        backoff: float = 1.0,
        stop: threading.Event | None = None,
    ) -> None:
        self.url = _checked_url(url)
        self._prefix = "/a/" if username else "/"
        self._verify = verify
        self._timeout = timeout
        self._retries = retries
        self._backoff = backoff
        self._stop = stop or threading.Event()
        self._pace = Pace(rate, self._stop)
        self._cut = Cut(self._stop)
        self._session = DirectSession()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, CutAdapter(self._cut))
        self._session.headers.update(
            {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "cibot"}
        )
        self._session.auth = (
            HTTPBasicAuth(username.encode(), (password or "").encode())
            if username
            else _NoCredentials()
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._session.close()
        self._cut.close()

    def get(self, path: str, params: list[tuple[str, str]] | None = None) -> HttpAnswer:
        """The JSON at ``path`` (below the server's root, no leading slash).

        Raises Transient or Permanent, naming the place and the remedy.
        """
        for attempt in range(self._retries + 1):
            try:
                return self._once(path, params)
            except complaints.TooMuch:  # once more would take as long: the caller asks for less
                raise
            except Transient as error:
                if attempt == self._retries or not self._wait_after(error, attempt):
                    raise
        raise AssertionError("unreachable")  # pragma: no cover

    def _wait_after(self, error: Transient, attempt: int) -> bool:
        """Wait as long as is polite; False where that would be too long."""
        pause = self._backoff * 2**attempt * random.uniform(0.5, 1.5)
        if error.retry_after is not None:
            if error.retry_after > LONGEST_WAIT:
                return False
            pause = max(pause, error.retry_after)
        return not self._stop.wait(pause)

    def _once(self, path: str, params: list[tuple[str, str]] | None) -> HttpAnswer:
        if not self._pace.keep():
            raise Stopping(f"{self.url}: {_STOPPING}")
        place = f"{self.url}{self._prefix}{path}"
        whole = _WHOLE * self._timeout[1]
        try:
            with (
                self._cut.within(whole),
                self._session.get(
                    place,
                    params=params,
                    timeout=self._timeout,
                    verify=self._verify,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = self._read(response, place)
        except (requests.RequestException, OSError, ValueError) as error:
            # ValueError is http.client's, as for a chunk of a negative length.
            self._refuse_cut(place)
            raise complaints.of_connection(self.url, place, error, self._timeout) from None
        self._refuse_cut(place)  # a header that was cut looks like one that is whole
        if response.status_code != 200:
            raise complaints.of_status(self.url, place, response, body, self._prefix == "/a/")
        served_at = complaints.served_at(response)
        return HttpAnswer(_parsed(body, self.url, place, response), served_at)

    def _refuse_cut(self, place: str) -> None:
        """Raises Transient where the connection was ended by us."""
        if self._cut.reason is not None and self._stop.is_set():
            raise Stopping(f"{self.url}: {_STOPPING}") from None
        if self._cut.reason is not None:
            raise complaints.TooMuch(f"{place}: {self._cut.reason}") from None

    def _read(self, response: requests.Response, place: str) -> bytes:
        """The body; a server that floods is given up."""
        body = bytearray()
        for part in response.iter_content(_CHUNK):
            body += part
            if len(body) > MAX_ANSWER:
                raise complaints.too_big(place, MAX_ANSWER)
        return bytes(body)


def _checked_url(url: str) -> str:
    """``url`` without its trailing slash. Raises ConfigError."""
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError as error:
        raise ConfigError(f"Gerrit's url is not a URL: {error}") from None
    if split.username or split.password:
        raise ConfigError(
            "Gerrit's url holds a username or password; give them as username and password instead"
        )
    if split.scheme not in ("http", "https") or not split.hostname or port == 0:
        raise ConfigError(f"Gerrit's url must look like https://review.example.com, got {url!r}")
    if split.query or split.fragment:
        raise ConfigError(f"Gerrit's url must end at the server's root, without ? and #: {url!r}")
    return url.rstrip("/").removesuffix("/a")


def _parsed(body: bytes, url: str, place: str, response: requests.Response) -> Any:
    guarded = body.startswith(MAGIC)
    if not guarded and complaints.looks_like_html(body, response):
        raise complaints.html(url, place, body)
    if sum(map(body.count, (b",", b"{", b"["))) > MAX_VALUES:
        raise complaints.too_many(place, MAX_VALUES)
    try:
        # As text at once: the bytes of a large answer need not be there twice.
        return json.loads(str(memoryview(body)[len(MAGIC) * guarded :], "utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise _not_json(error, url, place, guarded) from None


def _not_json(error: Exception, url: str, place: str, guarded: bool) -> CibotError:
    if guarded and isinstance(error, json.JSONDecodeError):
        return Transient(f"{place}: the answer is cut short or damaged ({error})")
    return complaints.foreign(url, place, error)
