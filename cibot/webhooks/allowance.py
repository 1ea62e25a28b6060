"""How much one server's events may be: whoever knows the token can post anything."""

from __future__ import annotations

import threading
from datetime import datetime

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
            return self._take(size, now)

    def _take(self, size: int, now: datetime) -> bool:
        passed = max(0.0, (now - self._at).total_seconds()) if self._at else 0.0
        self._at = now
        self._events = min(_EVENTS * _BURST_S, self._events + passed * _EVENTS)
        self._bytes = min(_BYTES * _BURST_S, self._bytes + passed * _BYTES)
        if self._events < 1 or self._bytes < size:
            return False
        self._events -= 1
        self._bytes -= size
        return True
