"""``POST /webhooks/gerrit/<server>/<token>``: events of Gerrit's webhooks plugin.

The plugin sends no secret but the URL, does not follow redirects and tries
five times, a second apart; then the event is lost and the next poll brings
it. So 2xx is said only after the commit, 400 for what no retry can mend, and
503 for what one may.

A transaction costs more than an event. So each server's events have one thread, which brings all
that have come while it stored the last ones; a `Feed` stores them together, and each is
answered after the commit.
"""

from __future__ import annotations

import hmac
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from cibot.collector.correcting import AHEAD, FEED
from cibot.collector.decode import DecodeError, change_from_event
from cibot.collector.sink import Sink
from cibot.errors import CibotError, Permanent, Transient, reason_of
from cibot.model import Change
from cibot.web.server.lanes import Answer, Post

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
_MOST = 64  # events in one transaction
_HEADERS = [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]


class EventSink(Sink, Protocol):
    """A sink that also counts what could not be read."""

    def rejected(self, feed: str, number: int) -> None:
        """Counts events that could not be read."""


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


def feeds(
    hooks: Mapping[str, Hook], clock: Callable[[], datetime]
) -> dict[str, Callable[[Sequence[Post]], list[Answer]]]:
    """Who takes what is posted below which path: each server's feed, and nobody at any other."""
    taken = {f"{MOUNT}/{name}/": Feed(name, hook, clock).take for name, hook in hooks.items()}
    return taken | {f"{MOUNT}/": lambda posts: [_answer(404, _NO_SUCH) for _ in posts]}


_NO_SUCH = "no such webhook"


@dataclass(slots=True)
class _Taken:
    """A post: its events (None: only that one came), what is wrong, or the answer already."""

    events: list[Change | None] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    status: int = 200  # waitress hangs up after 204, and the next event had to connect again

    def refuse(self, status: int, why: str) -> _Taken:
        """Nothing of it is stored from now on."""
        self.status, self.events, self.wrong = status, [], [why]
        return self


class Feed:
    """One server's events on their way into its sink."""

    def __init__(self, name: str, hook: Hook, clock: Callable[[], datetime]) -> None:
        self._name = name
        self._hook = hook
        self._token = hook.token.encode()
        self._clock = clock
        self._allowance = Allowance()

    def take(self, posts: Sequence[Post]) -> list[Answer]:
        """Stores what was posted, together, and says of each whether it is stored.

        Of several events in one post the worst counts: what is sent again and stored already is
        recognised.
        """
        taken = [self._read(post) for post in posts]
        events = [(event, post) for post in taken for event in post.events]
        first = 0
        try:
            for first in range(0, len(events), _MOST):
                self._store(events[first : first + _MOST])
        except Transient as error:
            self._put_off([post for _, post in events[first:]], error)
        self._count_refused(taken)
        return [_answer(post.status, _said(post.wrong)) for post in taken]

    def _read(self, post: Post) -> _Taken:
        taken = _Taken()
        if not hmac.compare_digest(post.rest.encode("latin-1"), self._token):
            return taken.refuse(404, _NO_SUCH)
        if post.method != "POST":
            return taken.refuse(405, "events are posted")
        now = self._clock()
        if post.size > LARGEST:
            return taken.refuse(413, f"the event is larger than {LARGEST} bytes")
        if post.waited() > _PATIENCE_S:  # who posted it has given up, and sends it again
            return taken.refuse(503, "the database takes too long; send it again")
        if not self._allowance.take(post.size, now):
            # The poll brings what is lost.
            return taken.refuse(429, "too many events; send it again")
        self._read_body(post, taken, now)
        return taken

    def _read_body(self, post: Post, taken: _Taken, now: datetime) -> None:
        try:
            events = _read_events(post.body())
        except DecodeError as error:
            taken.refuse(400, str(error))
            return
        self._allowance.add(len(events) - 1)
        for event in events:
            try:
                taken.events.append(self._wanted(event, now))
            except DecodeError as error:
                taken.status = 400
                taken.wrong.append(str(error))
            except Transient as error:
                self._put_off([taken], error)
                break

    def _wanted(self, event: object, now: datetime) -> Change | None:
        """What an event says of a change of our projects, if it does. Raises DecodeError.

        None, too, until the server has shown the change to cibot's own account.
        """
        change = change_from_event(event, now)
        if change is None or not self._hook.wants(change.project):
            return None
        latest = max(
            change.updated,
            change.created,
            *(patch_set.uploaded_at for patch_set in change.patch_sets),
        )
        if latest > now + AHEAD:
            raise DecodeError(
                f"the event is of {latest:%Y-%m-%d %H:%M:%S} UTC, and here it is"
                f" {now:%Y-%m-%d %H:%M:%S}: one of the two clocks is wrong"
            )
        if change.private or self._hook.knows(change):
            return change
        self._hook.ask(change)
        return None

    def _store(self, batch: Sequence[tuple[Change | None, _Taken]]) -> None:
        """Stores events in one transaction; one that is to blame does not harm the others."""
        changes = [event for event, _ in batch if event is not None]
        try:
            self._hook.sink.ingest(changes, feed=FEED, cursor=None, heard_at=self._clock())
        except Transient:
            raise
        except Exception as error:  # whatever it is: who posted waits for an answer
            if len(batch) > 1:
                log.warning("events are stored one by one number=%d", len(batch), exc_info=True)
                for event in batch:
                    self._store([event])
                return
            if not isinstance(error, CibotError):
                log.exception("event not stored")
                error = Permanent(reason_of(error))
            post = batch[0][1]
            post.status = 400
            post.wrong.append(f"the event cannot be stored: {error}")

    def _put_off(self, posts: Sequence[_Taken], cause: object) -> None:
        log.warning("events put off server=%s number=%d cause=%s", self._name, len(posts), cause)
        for post in posts:
            post.refuse(503, "the event could not be stored; send it again")

    def _count_refused(self, taken: Sequence[_Taken]) -> None:
        refused = [post for post in taken if post.status in {400, 413}]
        for post in refused:
            log.warning("event rejected server=%s reason=%s", self._name, _said(post.wrong))
        try:
            if refused:
                self._hook.sink.rejected(FEED, len(refused))
        except CibotError as error:
            log.warning("rejected event not counted server=%s cause=%s", self._name, error)


def _said(wrong: Sequence[str]) -> str:
    more = f" (and {len(wrong) - 1} more)" if wrong[1:] else ""
    return f"{wrong[0]}{more}" if wrong else ""


def _answer(status: int, problem: str) -> Answer:
    body = json.dumps({"error": problem}).encode() if problem else b""
    return Answer(f"{status} {HTTPStatus(status).phrase}", _HEADERS, body)


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
