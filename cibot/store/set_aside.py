"""What raised and was set aside (a CI, a change, a comment, a timed job), so that the rest goes on.

What works again is taken back; what is not tried again is forgotten after a week, or earlier
where more than a thousand came after it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from cibot.errors import CibotError, reason_of
from cibot.store import schema
from cibot.store.engine import Store, Tx
from cibot.store.rows import upsert

log = logging.getLogger(__name__)

_SHOWN = timedelta(days=7)
_NAME, _REASON = 190, 500  # characters
_MOST = 100  # of one transaction
_MOST_SHOWN = 1_000
_LOADED_FOR_S = 60.0  # another process may have set something aside


@dataclass(frozen=True, slots=True)
class SetAside:
    """An error that was set aside: ``kind`` and ``name`` of the object, ``at`` the last time."""

    kind: str
    name: str
    reason: str
    since: datetime
    at: datetime


def put_aside(tx: Tx, kind: str, reasons: Mapping[str, str], now: datetime) -> None:
    """Notes that these raised, each with its reason, again or for the first time."""
    rows = [
        {"kind": kind, "name": name[:_NAME], "reason": why[:_REASON], "since": now, "at": now}
        for name, why in sorted(reasons.items())[:_MOST]
    ]
    table = schema.set_aside
    upsert(tx, table, rows, ("reason", "at"))
    newest_first = select(table.c.at).order_by(table.c.at.desc())
    too_many = tx.execute(newest_first.offset(_MOST_SHOWN).limit(1)).scalar()
    oldest = now - _SHOWN
    tx.execute(delete(table).where(or_(table.c.at < oldest, table.c.at <= (too_many or oldest))))


def take_back(tx: Tx, kind: str, names: Collection[str]) -> None:
    """Removes the entries of what works again."""
    table = schema.set_aside
    tx.execute(delete(table).where(table.c.kind == kind, table.c.name.in_(sorted(names))))


def set_aside(tx: Tx, now: datetime) -> tuple[SetAside, ...]:
    """All that is set aside, newest first; a thousand at most."""
    table = schema.set_aside
    query = select(table).where(table.c.at >= now - _SHOWN).order_by(table.c.since.desc())
    return tuple(SetAside(*row) for row in tx.execute(query.limit(_MOST_SHOWN)))


class Aside:
    """One kind of things that may raise; that all is well costs nothing. For several threads."""

    def __init__(
        self, store: Store, kind: str, clock: Callable[[], datetime], place: str = ""
    ) -> None:
        """``place`` is where the things are, a server: it goes before their names."""
        self._store = store
        self._kind = kind
        self._place = place
        self._clock = clock
        self._names: set[str] = set()
        self._loaded = -_LOADED_FOR_S
        self._lock = threading.Lock()

    def put(self, name: str, error: Exception | str) -> None:
        """Sets aside what raised: in the log with its traceback, in the store with the reason."""
        cause = error if isinstance(error, Exception) else None
        reason = reason_of(cause) if cause else str(error)
        log.error("set aside %s=%s reason=%s", self._kind, name, reason, exc_info=cause)
        now, name = self._clock(), self._named(name)
        try:
            self._store.write(lambda tx: put_aside(tx, self._kind, {name: reason}, now))
        except CibotError as failure:
            log.warning("not noted as set aside %s=%s cause=%s", self._kind, name, failure)
        self._names = self._names | {name}

    def back(self, names: Collection[str]) -> None:
        """Removes the entries of things that work again. Raises StoreError."""
        back = self.names() & set(map(self._named, names))
        if back:
            self._store.write(lambda tx: take_back(tx, self._kind, back))
            self._names = self._names - back
            log.info("no longer set aside kind=%s names=%s", self._kind, ", ".join(sorted(back)))

    def _named(self, name: str) -> str:
        return f"{self._place} {name}".strip()[:_NAME]

    def names(self) -> set[str]:
        """The names of what is set aside, as far as this process knows."""
        with self._lock:
            due = time.monotonic() - self._loaded >= _LOADED_FOR_S
            if due:
                self._loaded = time.monotonic()
        if due:
            rows = self._store.read(lambda tx: set_aside(tx, self._clock()))
            self._names = {row.name for row in rows if row.kind == self._kind}
        return self._names
