"""The running bot: starts its parts in order and ends them in order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cibot.chat.protocol import Answer, Backend
from cibot.daemon.leader import Leader
from cibot.daemon.scheduler import Scheduler
from cibot.errors import Transient
from cibot.store.engine import Store
from cibot.web.server import WebServer

log = logging.getLogger(__name__)


class Worker(Protocol):
    """Something with a thread of its own."""

    def start(self) -> None:
        """Starts the thread."""

    def stop(self, timeout: float) -> None:
        """Ends it within ``timeout`` seconds."""


@dataclass(slots=True)
class Bot:
    """All parts of one process, built by `cibot.bootstrap`."""

    store: Store
    leader: Leader
    backends: Mapping[str, Backend]
    answer: Answer
    workers: tuple[Worker, ...]
    scheduler: Scheduler
    web: WebServer
    took_over: Callable[[], None] = lambda: None
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Starts every part and returns; from then on webhooks and questions are answered."""
        self.lead()
        for backend in self.backends.values():
            backend.start(self.answer, self.leader.held)
        for worker in self.workers:
            worker.start()
        self.web.start()
        self.scheduler.start()
        log.info("ready url=%s leading=%s", self.web.url, self.leader.held())

    def lead(self) -> None:
        """Takes or keeps the lease; a new leader's jobs run at once."""
        before = self.leader.held()
        if self.leader.look() and not before:
            self.took_over()
            self.scheduler.run_now()

    def ask_to_stop(self) -> None:
        """Lets `wait` return. Not for a signal handler: see `cibot.cli.common`."""
        self.stopping.set()

    def wait(self) -> None:
        """Returns when somebody asked to stop."""
        while not self.stopping.wait(3600):
            pass

    def stop(self, timeout: float = 4.0) -> None:
        """Ends every part in a few seconds; what is in the outbox stays there."""
        self.stopping.set()
        self.scheduler.stop()
        self.web.stop(timeout / 4)
        for worker in self.workers:
            worker.stop(timeout / 4)
        for backend in self.backends.values():
            backend.stop(timeout / 4)
        try:
            self.leader.resign()
        except Transient as error:
            log.warning("lease not given back cause=%s", error)
        self.store.close()
        log.info("stopped")
