"""Group commit: stores events that arrive at the same time in one transaction.

A commit costs more than an event. Requests that wait while one batch is being
committed make the next; each is answered only after its own commit. Where events come
all the time a transaction begins a little later, and holds several.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

from cibot.collector.sink import IngestCounts, Sink
from cibot.errors import CibotError, Permanent, Transient, reason_of
from cibot.model import Change

log = logging.getLogger(__name__)

FEED = "webhook"
_MOST = 64  # events in one transaction
_APART_S = 0.015  # from one transaction's begin to the next one's, at least
_Waiting = tuple[Change | None, Future[IngestCounts]]


class GroupCommit:
    """One server's events on their way into its sink.

    One transaction at a time: a second one takes half of its events and
    costs as much again.
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

    def store(self, change: Change | None, timeout: float) -> IngestCounts:
        """Stores what an event tells (None: only that it came) and returns after the commit.

        Raises Transient when that takes longer than ``timeout`` seconds, and
        whatever the sink raises for this event.
        """
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
        done: Future[IngestCounts] = Future()
        self._waiting.put((change, done))
        try:
            return done.result(timeout)
        except TimeoutError as error:
            done.cancel()  # Gerrit sends it again; this one is not waited for any more
            raise Transient("the database takes too long") from error

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
            waited_for = (waiting for waiting in batch if waiting is not None)
            self._commit(
                [waiting for waiting in waited_for if waiting[1].set_running_or_notify_cancel()]
            )

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
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, Transient):
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
