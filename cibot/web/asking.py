"""How a face asks: one read transaction, one moment, one context for each request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cibot.config.models import Config
from cibot.reports.context import Context
from cibot.store.engine import Store, Tx

T = TypeVar("T")


@dataclass(slots=True)
class Asking:
    """What every page and every endpoint needs. ``clock`` gives aware UTC."""

    store: Store
    config: Config
    clock: Callable[[], datetime]
    _kept: dict[str, tuple[datetime, Any]] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def context(self) -> Context:
        """The present moment; times are UTC, the reader's browser makes them local."""
        return Context(self.clock(), self.config)

    def ask(self, question: Callable[[Tx, Context], T]) -> T:
        """The answer to one question. Raises UserError and StoreError."""
        ctx = self.context()
        return self.store.read(lambda tx: question(tx, ctx))

    def do(self, work: Callable[[Tx, Context], T]) -> T:
        """Changes something, in one transaction. Raises UserError and StoreError."""
        ctx = self.context()
        return self.store.write(lambda tx: work(tx, ctx))

    def remembered(
        self,
        name: str,
        length: timedelta,
        question: Callable[[Tx, Context], T],
        within: tuple[Tx, Context] | None = None,
    ) -> T:
        """An answer that may be up to ``length`` old: for what is dear to ask and slow to change.

        One thread asks anew while the others wait, so that a crowd asks once. ``name`` is
        one of a few, or of a few for each CI: what was asked is kept for good. Who is in a
        transaction already gives it as ``within``.
        """
        with self._locks.setdefault(name, threading.Lock()):
            now = self.clock()
            kept = self._kept.get(name)
            if kept is None or not timedelta(0) <= now - kept[0] < length:
                found = self.ask(question) if within is None else question(*within)
                kept = self._kept[name] = (now, found)
            answer: T = kept[1]
            return answer
