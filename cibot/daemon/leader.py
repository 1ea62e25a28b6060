"""Which of the processes on one database collects, judges, sends and speaks."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cibot.store import lease, outbox
from cibot.store.engine import Store, Tx
from cibot.store.lease import Process

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_LONGEST = 64  # characters of a column


def this_process() -> Process:
    """This process; where the system does not tell its boot and namespace, they are empty.

    A process id means something only within one boot of a kernel and one pid
    namespace: two containers may have the same host name and the same ids.
    """
    boot = namespace = ""
    with suppress(OSError):
        boot = _BOOT_ID.read_text().strip()[:_LONGEST]
    with suppress(OSError):
        namespace = str(_NAMESPACE.readlink())[:_LONGEST]
    return Process(os.getpid(), boot, namespace)


def is_dead(process: Process, here: Process, proc: Path = Path("/proc")) -> bool:
    """Whether a process has certainly ended; False when it cannot be seen from here."""
    if not (process.boot and process.namespace):
        return False
    if (process.boot, process.namespace) != (here.boot, here.namespace):
        return False
    try:
        state = (proc / str(process.pid) / "stat").read_text().rpartition(")")[2].split()[:1]
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return state in (["Z"], ["X"])  # ended, and its parent did not look yet


log = logging.getLogger(__name__)
T = TypeVar("T")

TTL = timedelta(seconds=15)
_ON_THE_WAY = timedelta(seconds=5)  # what the dead sent last may still arrive meanwhile
NAME = "leader"


def seconds_since_boot() -> float:
    """A clock that is never set and goes on while the process or the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Leader:
    """Holds the leader's lease, or waits for it. `look` is called every second.

    ``clock`` is that of the outbox's rows; ``seconds`` counts how long the lease lasts.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        *,
        seconds: Callable[[], float] = seconds_since_boot,
    ) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds
        self._process = this_process()
        self.owner = uuid.uuid4().hex
        self._lease: lease.Lease | None = None
        self._renewed = 0.0
        self._lock = threading.Lock()
        self._looking = threading.Lock()

    def held(self) -> bool:
        """Whether this process leads now; never true past the lease's end.

        True again after a pause of the process only where the lease was renewed since.
        """
        with self._lock:
            return self._held()

    def _held(self) -> bool:
        lasts = self._renewed + TTL.total_seconds()
        return self._lease is not None and self._seconds() < lasts

    def current(self) -> lease.Lease:
        """The lease that is held; raises LeaseLost where none is."""
        with self._lock:
            if self._lease is None or not self._held():
                raise lease.LeaseLost("another process leads now, or will")
            return self._lease

    def look(self) -> bool:
        """Renews the lease where it is time, takes it where it is free; whether it is held.

        Raises StoreError.
        """
        with self._looking:
            with self._lock:
                held = self._held()
                due = self._seconds() - self._renewed >= TTL.total_seconds() / 3
            if held and not due:
                return True
            if not held and not self._store.read(self._is_free):
                self._note(None, 0.0)
                return False
            return self.renew()

    def renew(self) -> bool:
        """Takes or keeps the lease; True when this process leads. Raises StoreError."""
        began = self._seconds()
        with self._lock:
            before = self._lease

        def work(tx: Tx) -> lease.Lease | None:
            mine = lease.acquire(tx, NAME, self.owner, self._process, TTL, self._is_dead)
            if mine is not None and (before is None or mine.token != before.token):
                outbox.release_leases(tx, self._clock() + _ON_THE_WAY)
            return mine

        mine = self._store.write(work)
        self._note(mine, began)
        return mine is not None

    def resign(self) -> None:
        """Gives the lease back, so that the next process need not wait for its end."""
        with self._lock:
            mine, self._lease = self._lease, None
        if mine:
            self._store.write(lambda tx: lease.release(tx, mine))

    def _note(self, mine: lease.Lease | None, began: float) -> None:
        with self._lock:
            before, self._lease, self._renewed = self._lease, mine, began
        if mine and (before is None or before.token != mine.token):
            log.info("leading owner=%s token=%d", self.owner, mine.token)
        elif before and not mine:
            log.warning("another process leads now; this one stands by")

    def _is_free(self, tx: Tx) -> bool:
        return lease.is_free(tx, NAME, self._is_dead)

    def _is_dead(self, process: lease.Process) -> bool:
        return is_dead(process, self._process)


class LeadersStore(Store):
    """The database as the leader writes it: no transaction of it is kept once another leads."""

    def __init__(self, store: Store, leader: Leader) -> None:
        super().__init__(store.engine, store.look)
        self._store = store  # which notes what could not be written
        self._leader = leader

    def write(self, work: Callable[[Tx], T]) -> T:
        """As `Store.write`; raises LeaseLost, and keeps nothing, where the lease is not held."""
        mine = self._leader.current()

        def fenced(tx: Tx) -> T:
            result = work(tx)
            lease.fence(tx, mine)  # last, so that the row is locked for a moment only
            return result

        return self._store.write(fenced)
