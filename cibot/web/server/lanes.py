"""Thread pools by path, so that requests to one part of the server cannot use up another's threads.

Pages and the API compute under one interpreter lock: more of them at once are not faster, they only
delay every webhook. They have few threads behind a bounded queue; when it is full, the answer is
503 with Retry-After.

Where what is posted is stored in one transaction (`Take`), one thread takes all that waits, and the
thread of the sockets sends the answers.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from waitress.utilities import Error

log = logging.getLogger(__name__)
_WARN_EVERY_S = 60.0
_MOST = 64  # requests that are taken together
_LARGEST = 4 << 20  # bytes of them
_APART_S = 0.015  # where requests come all the time, several shall come together


class Post(NamedTuple):
    """What was sent to a path below one of those that are taken together."""

    method: str
    rest: str  # of the path, each character a byte of it
    size: int  # bytes of the body
    body: Callable[[], bytes]
    came: float  # by the monotonic clock

    def waited(self) -> float:
        """Seconds since it came."""
        return time.monotonic() - self.came


class Answer(NamedTuple):
    """What is answered to it."""

    status: str
    headers: Sequence[tuple[str, str]]
    body: bytes


Take = Callable[[Sequence[Post]], Sequence[Answer]]
"""Deals with several at once, as one transaction does; an answer for each."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Threads for the paths that begin with ``path``; "" is every path.

    ``queue`` is how many requests may wait for a thread, and ``each`` how many one
    address may have waiting or under way. With ``take`` they are not the application's.
    """

    name: str
    path: str
    threads: int
    queue: int
    each: int
    take: Take | None = None


class Task(Protocol):
    """A connection of waitress with a whole request, ``requests[0]``."""

    requests: list[Any]

    def service(self) -> None:
        """Answers the request."""

    def cancel(self) -> None:
        """Ends the connection without an answer."""


def lanes_of(pages: int, together: Mapping[str, Take]) -> tuple[Lane, ...]:
    """The lanes of the bot: one for each path of ``together``, ``pages`` threads for the rest.

    An address may be a proxy's or an office's, and Gerrit's plugin posts all events from one.
    """
    everybody = 10_000
    return (
        *(Lane(path, path, 1, everybody, everybody, take) for path, take in together.items()),
        Lane("alive", "/healthz", 1, 64, 8),
        Lane("ready", "/readyz", 1, 16, 4),
        Lane("slack", "/webhooks/slack/", 4, 128, everybody),
        Lane("static", "/static/", 1, 128, 32),
        Lane("pages", "", pages, 64, 32),
    )


class Busy(Error):  # type: ignore[misc]
    """503 with the time after which to ask again."""

    code = HTTPStatus.SERVICE_UNAVAILABLE.value
    reason = HTTPStatus.SERVICE_UNAVAILABLE.phrase

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"There is too much to do; ask again in {retry_after} s.")
        self._retry_after = retry_after

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """The answer as waitress sends it."""
        status, headers, body = super().to_response(ident)
        headers += [("Retry-After", str(self._retry_after)), ("Cache-Control", "no-store")]
        return status, headers, body


class Lanes:
    """waitress's task dispatcher: a pool of threads for each lane.

    ``prefix`` is the part of the path that the proxy leaves on it. ``address`` tells who sent a
    request. ``aside`` lets the thread that reads and writes do something soon: it sends what was
    taken together, since a thread that sends one answer after the other waits for its turn after
    each while that one wakes up.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        prefix: str,
        address: Callable[[Task], str],
        aside: Callable[[Callable[[], None]], None],
    ) -> None:
        self._prefix = prefix
        self._address = address
        self._pools = [_Pool(lane, aside) for lane in lanes]
        # Refusals are answered by a thread of their own, which only writes a few bytes.
        self._refusals = _Pool(Lane("refused", "", 1, 10_000, 10_000), aside)
        self._warned_at = 0.0

    def add_task(self, task: Task) -> None:
        """Gives the connection's first request to a thread, or refuses it."""
        request = task.requests[0]
        if request.error:
            self._refuse(task)
            return
        path = str(request.path)
        if self._prefix and path.startswith(self._prefix + "/"):
            path = path[len(self._prefix) :]
        pool = next(pool for pool in self._pools if path.startswith(pool.lane.path))
        post = _post(request, path[len(pool.lane.path) :])
        if not pool.add(_Waiting(task, self._address(task), post)):
            request.error = Busy(pool.retry_after)
            self._warn(pool.lane.name)
            self._refuse(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """Ends the threads after the requests under way; those that wait are cancelled."""
        deadline = time.monotonic() + timeout
        pools = [*self._pools, self._refusals]
        for pool in pools:
            pool.close(cancel=cancel_pending)
        for pool in pools:
            pool.join(deadline)
        return True

    def _refuse(self, task: Task) -> None:
        if not self._refusals.add(_Waiting(task, "", _post(task.requests[0], ""))):
            task.cancel()

    def _warn(self, lane: str) -> None:
        now = time.monotonic()
        if now - self._warned_at > _WARN_EVERY_S:
            self._warned_at = now
            log.warning("requests refused because too many wait lane=%s", lane)


class _Waiting(NamedTuple):
    task: Task
    address: str
    post: Post


class _Pool:
    """The threads of one lane and the requests that wait for them."""

    def __init__(self, lane: Lane, aside: Callable[[Callable[[], None]], None]) -> None:
        self.lane = lane
        self._aside = aside
        self._waiting: deque[_Waiting] = deque()
        self._by_address: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._closed = False
        self._took_s = 0.0  # a request, lately
        self._threads = [
            threading.Thread(target=self._run, name=f"web {lane.name} {number}", daemon=True)
            for number in range(lane.threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def retry_after(self) -> int:
        """Whole seconds in which what waits now should be done."""
        wait = self._took_s * len(self._waiting) / self.lane.threads
        return min(30, 1 + int(wait))

    def add(self, waiting: _Waiting) -> bool:
        """False where too many wait, of all or of this address."""
        address = waiting.address
        with self._changed:
            if (
                self._closed
                or len(self._waiting) >= self.lane.queue
                or self._by_address[address] >= self.lane.each
            ):
                return False
            self._by_address[address] += 1
            self._waiting.append(waiting)
            self._changed.notify()
            return True

    def close(self, *, cancel: bool) -> None:
        """Takes no request any more; the threads end after those that they have."""
        with self._changed:
            self._closed = True
            while cancel and self._waiting:
                self._waiting.popleft().task.cancel()
            self._changed.notify_all()

    def join(self, deadline: float) -> None:
        """Waits for the threads until ``deadline`` (monotonic)."""
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                log.warning("a request is still under way lane=%s", self.lane.name)

    def _run(self) -> None:
        while taken := self._take():
            began = time.monotonic()
            if self.lane.take is None:
                self._answer(taken)
            elif self._try(partial(self._together, taken), taken):
                self._aside(partial(self._answer, taken))
            self._took_s += ((time.monotonic() - began) / len(taken) - self._took_s) / 8
            self._done(taken)
            if self.lane.take is not None and not self._closed:
                time.sleep(max(0.0, began + _APART_S - time.monotonic()))

    def _together(self, taken: Sequence[_Waiting]) -> None:
        assert self.lane.take is not None
        answers = self.lane.take([waiting.post for waiting in taken])
        for waiting, answer in zip(taken, answers, strict=True):
            waiting.task.requests[0].answer = answer

    def _answer(self, taken: Sequence[_Waiting]) -> None:
        for waiting in taken:
            self._try(waiting.task.service, [waiting])

    def _try(self, work: Callable[[], None], taken: Sequence[_Waiting]) -> bool:
        try:
            work()
        except Exception:  # whatever it is: the lane has other requests to answer
            log.exception("a request could not be answered lane=%s", self.lane.name)
            for waiting in taken:
                waiting.task.cancel()
            return False
        return True

    def _take(self) -> list[_Waiting]:
        """The next request, or those that are taken together; none when the lane is closed."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return []
                self._changed.wait()
            taken = [self._waiting.popleft()]
            size = taken[0].post.size
            while self.lane.take and self._waiting and len(taken) < _MOST:
                size += self._waiting[0].post.size
                if size > _LARGEST:
                    break
                taken.append(self._waiting.popleft())
            return taken

    def _done(self, taken: Sequence[_Waiting]) -> None:
        with self._changed:
            for waiting in taken:
                address = waiting.address
                self._by_address[address] -= 1
                if self._by_address[address] <= 0:
                    del self._by_address[address]


def _post(request: Any, rest: str) -> Post:
    body = request.body_rcv
    size = len(body) if body else 0
    return Post(request.command, rest, size, lambda: _read(request), time.monotonic())


def _read(request: Any) -> bytes:
    body: bytes = request.get_body_stream().read()
    return body


@lru_cache(1024)
def network_of(address: str) -> str:
    """The address, or an IPv6 network of 64 bits, which one machine has all of."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 6:
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
