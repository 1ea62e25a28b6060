"""``POST /webhooks/gerrit/<server>/<token>``: events of Gerrit's webhooks plugin.

The plugin sends no secret but the URL, does not follow redirects and tries
five times, a second apart; then the event is lost and the next poll brings
it. So 2xx is said only after the commit, 400 for what no retry can mend, and
503 for what one may.

A commit costs more than an event. Requests that wait while one batch is being committed make
the next (`GroupCommit`); each is answered only after its own commit.
"""

from __future__ import annotations

import hmac
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from cibot.collector.correcting import AHEAD, FEED
from cibot.collector.decode import DecodeError, change_from_event
from cibot.collector.sink import IngestCounts, Sink
from cibot.errors import CibotError, Permanent, Transient, reason_of
from cibot.model import Change

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)
_EVENTS = 500.0  # a second, long enough
_BYTES = 2.0 * 2**20
_BURST_S = 60.0  # a busy minute at that rate comes through at once


class Allowance:
    """Two buckets that fill with time: of events and of bytes; safe for several threads."""

    def __init__(self) -> None:
        self._events = _EVENTS * _BURST_S
        self._bytes = _BYTES * _BURST_S
        self._at: datetime | None = None
        self._lock = threading.Lock()

    def take(self, size: int, now: datetime) -> bool:
        """Whether an event of ``size`` bytes may come in; it is counted then."""
        with self._lock:
            passed = max(0.0, (now - self._at).total_seconds()) if self._at else 0.0
            self._at = now
            self._events = min(_EVENTS * _BURST_S, self._events + passed * _EVENTS)
            self._bytes = min(_BYTES * _BURST_S, self._bytes + passed * _BYTES)
            if self._events < 1 or self._bytes < size:
                return False
            self._events -= 1
            self._bytes -= size
            return True

    def add(self, events: int) -> None:
        """Counts more events of what has come in."""
        with self._lock:
            self._events -= events


MOUNT = "/webhooks/gerrit"
LARGEST = 1 << 20
MOST_EVENTS = 500  # in one body: others wait until they are stored
_PATIENCE_S = 4.0  # the plugin's socket waits for five
_HEADERS = (("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff"))
_CODES = (200, 400, 404, 405, 413, 429, 503)
_STATUS = {code: f"{code} {HTTPStatus(code).phrase}" for code in _CODES}


class EventSink(Sink, Protocol):
    """A sink that also counts what could not be read."""

    def rejected(self, feed: str) -> None:
        """Counts an event that could not be read."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A server whose events are taken, under its token.

    Events of projects that ``wants`` refuses are accepted and not stored. Of a change that
    the server has not shown to cibot's own account (``knows``) nothing is stored either;
    ``ask`` gets the change. Events of private changes only hide them.
    """

    token: str
    sink: EventSink
    wants: Callable[[str], bool] = lambda _project: True
    knows: Callable[[Change], bool] = lambda _change: True
    ask: Callable[[Change], None] = lambda _change: None


def gerrit_hook(hooks: Mapping[str, Hook], clock: Callable[[], datetime]) -> WSGIApplication:
    """The webhooks of the servers in ``hooks``, by their names; to be mounted at `MOUNT`.

    No view of Flask, which would take longer for an event than all else that is done with it.
    """
    commits = {name: GroupCommit(hook.sink, clock) for name, hook in hooks.items()}
    allowances = {name: Allowance() for name in hooks}

    def receive(environ: WSGIEnvironment) -> tuple[int, str]:
        name, _, token = environ["PATH_INFO"][1:].encode("latin-1").partition(b"/")
        server = name.decode("utf-8", "replace")
        hook = hooks.get(server)
        # An unknown server is compared too: the answer's time tells nothing.
        same = hmac.compare_digest(token, (hook.token if hook else "").encode())
        if hook is None or not same:
            return 404, "no such webhook"
        if environ["REQUEST_METHOD"] != "POST":
            return 405, "events are posted"
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > LARGEST:
            return _refuse(hook, server, f"the event is larger than {LARGEST} bytes", 413)
        if not allowances[server].take(length, clock()):
            return 429, "too many events; send it again"  # the poll brings what is lost
        try:
            events = _read_events(environ["wsgi.input"].read(length))
        except DecodeError as error:
            return _refuse(hook, server, str(error), 400)
        allowances[server].add(len(events) - 1)
        return _take(commits[server], hook, server, events, clock())

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        code, problem = receive(environ)
        body = json.dumps({"error": problem}).encode() if problem else b""
        start(_STATUS[code], [*_HEADERS, ("Content-Length", str(len(body)))])
        return [body]

    return application


def _take(
    commit: GroupCommit, hook: Hook, server: str, events: Iterable[object], now: datetime
) -> tuple[int, str]:
    """The answer after the commit of all, or what stood in the way of one of them.

    The worst counts: what is sent again and stored already is recognised.
    """
    changes: list[Change | None] = []
    wrong: list[str] = []
    try:
        for event in events:
            try:
                changes.append(_wanted(hook, event, now))
            except DecodeError as error:
                wrong.append(str(error))
        refused = commit.store(changes, _PATIENCE_S)
    except Transient as error:
        log.warning("event put off server=%s cause=%s", server, error)
        return 503, "the event could not be stored; send it again"
    wrong += [f"the event cannot be stored: {error}" for error in refused]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if wrong[1:] else ""
        return _refuse(hook, server, f"{wrong[0]}{more}", 400)
    return 200, ""  # waitress hangs up after 204, and the next event had to connect again


def _wanted(hook: Hook, event: object, now: datetime) -> Change | None:
    """What an event says of a change of our projects, if it does. Raises DecodeError.

    None, too, until the server has shown the change to cibot's own account.
    """
    change = change_from_event(event, now)
    if change is None or not hook.wants(change.project):
        return None
    latest = max(
        change.updated, change.created, *(patch_set.uploaded_at for patch_set in change.patch_sets)
    )
    if latest > now + AHEAD:
        raise DecodeError(
            f"the event is of {latest:%Y-%m-%d %H:%M:%S} UTC, and here it is"
            f" {now:%Y-%m-%d %H:%M:%S}: one of the two clocks is wrong"
        )
    if change.private or hook.knows(change):
        return change
    hook.ask(change)
    return None


def _read_events(body: bytes) -> list[object]:
    """The plugin posts one event; what passes a stream on may post several, one a line."""
    try:
        return [json.loads(body)]
    except json.JSONDecodeError as error:
        lines = body.splitlines()
        if error.msg != "Extra data" or len(lines) < 2:
            raise DecodeError(f"the body is not JSON: {error}") from error
        if len(lines) > MOST_EVENTS:
            raise DecodeError(f"more than {MOST_EVENTS} lines in one body") from error
        return [_read_json(line) for line in lines if line.strip()]
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the body is not JSON: {error}") from error


def _read_json(line: bytes) -> object:
    """One of several; what is none is refused by itself, like any other that cannot be read."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _refuse(hook: Hook, server: str, reason: str, status: int) -> tuple[int, str]:
    log.warning("event rejected server=%s reason=%s", server, reason)
    try:
        hook.sink.rejected(FEED)
    except CibotError as error:
        log.warning("rejected event not counted server=%s cause=%s", server, error)
    return status, reason


_MOST = 64  # events in one transaction
_APART_S = 0.015  # from one transaction's begin to the next one's, at least
_Waiting = tuple[Change | None, Future[IngestCounts]]


class GroupCommit:
    """One server's events on their way into its sink.

    One transaction at a time: a second one takes half of its events and costs as much
    again. Where events come all the time one begins a little later, and holds several.
    """

    def __init__(
        self, sink: Sink, clock: Callable[[], datetime], rest: Callable[[float], None] = time.sleep
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._rest = rest
        self._begun = -_APART_S  # by the monotonic clock
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def store(self, changes: Sequence[Change | None], timeout: float) -> list[CibotError]:
        """Stores what events tell (None: only that one came) and returns after the commit.

        Returns what the sink raised for some of them. Raises Transient where a later try may
        work, or when that takes longer than ``timeout`` seconds.
        """
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
        ends = time.monotonic() + timeout
        waiting: list[Future[IngestCounts]] = [Future() for _ in changes]
        for event in zip(changes, waiting, strict=True):
            self._waiting.put(event)
        refused = []
        try:
            for done in waiting:
                error = done.exception(max(0.0, ends - time.monotonic()))
                if isinstance(error, Transient):
                    raise error
                if isinstance(error, CibotError):
                    refused.append(error)
        except TimeoutError as error:
            raise Transient("the database takes too long") from error
        finally:
            for done in waiting:
                done.cancel()  # Gerrit sends it again; this one is not waited for any more
        return refused

    @property
    def waiting(self) -> int:
        """About how many events wait for the next transaction."""
        return self._waiting.qsize()

    def stop(self, timeout: float) -> None:
        """Stores what is waiting and ends the thread."""
        with self._lock:
            if self._thread is not None:
                self._waiting.put(None)
                self._thread.join(timeout)

    def _run(self) -> None:
        more = True
        while more:
            batch = self._gather()
            more = batch[-1] is not None
            events = (event for event in batch if event is not None)
            self._commit([event for event in events if event[1].set_running_or_notify_cancel()])

    def _gather(self) -> list[_Waiting | None]:
        """What is waiting as soon as anything is and the last transaction is long enough ago."""
        batch = [self._waiting.get()]
        self._rest(max(0.0, self._begun + _APART_S - time.monotonic()))
        self._begun = time.monotonic()
        while len(batch) < _MOST and batch[-1] is not None:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _commit(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        try:
            changes = [change for change, _ in batch if change is not None]
            counts = self._sink.ingest(changes, feed=FEED, cursor=None, heard_at=self._clock())
        except Exception as error:  # whatever it is: who posted waits for an answer
            if len(batch) > 1 and not isinstance(error, Transient):
                log.warning("events are stored one by one number=%d", len(batch), exc_info=True)
                for waiting in batch:  # one of them is to blame: the others must not suffer
                    self._commit([waiting])
                return
            if isinstance(error, CibotError):
                log.warning("events not stored number=%d cause=%s", len(batch), error)
            else:
                log.exception("event not stored")
                error = Permanent(reason_of(error))
            for _, done in batch:
                done.set_exception(error)
        else:
            for _, done in batch:
                done.set_result(counts)
