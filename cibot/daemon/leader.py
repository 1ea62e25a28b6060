"""Which of the processes on one database collects, judges and sends."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from cibot.store import lease, outbox
from cibot.store.engine import Store, Tx

log = logging.getLogger(__name__)

TTL = timedelta(seconds=15)
_ON_THE_WAY = timedelta(seconds=5)  # what the dead sent last may still arrive meanwhile
NAME = "leader"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Leader:
    """Holds the leader's lease, or waits for it. `renew` is called every few seconds."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._host = socket.gethostname()
        self.owner = f"{self._host}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lease: lease.Lease | None = None
        self._lock = threading.Lock()

    def held(self) -> bool:
        """Whether this process leads now; never true past the lease's end."""
        with self._lock:
            return self._lease is not None and self._clock() < self._lease.until

    def renew(self) -> bool:
        """Takes or keeps the lease; True when this process leads. Raises StoreError."""
        now = self._clock()

        def work(tx: Tx) -> lease.Lease | None:
            owner = lease.owner_of(tx, NAME)
            if owner and self._is_dead(owner):
                lease.expire(tx, NAME, owner, now)
                outbox.release_leases(tx, now + _ON_THE_WAY)
            return lease.acquire(tx, NAME, self.owner, now, now + TTL)

        mine = self._store.write(work)
        with self._lock:
            before, self._lease = self._lease, mine
        if mine and not before:
            log.info("leading owner=%s token=%d", self.owner, mine.token)
        elif before and not mine:
            log.warning("another process leads now; this one stands by")
        return mine is not None

    def resign(self) -> None:
        """Gives the lease back, so that the next process need not wait for its end."""
        with self._lock:
            mine, self._lease = self._lease, None
        if mine:
            self._store.write(lambda tx: lease.release(tx, mine, self._clock()))

    def _is_dead(self, owner: str) -> bool:
        """Whether the owner was a process of this host that is no more."""
        host, _, rest = owner.rpartition(":")[0].rpartition(":")
        return host == self._host and rest.isdigit() and not _alive(int(rest))
