"""How a face asks: one read transaction, one moment, one context for each request.

Answers that take long and change slowly are shared by the requests of some minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from cibot.config.models import Config
from cibot.reports.context import Context, Memory
from cibot.reports.history import Day, daily, days_before
from cibot.reports.home_projects import Home, home_projects
from cibot.reports.latency import LatencyDay, latency_days
from cibot.store.cis import all_cis
from cibot.store.engine import Store, Tx

T = TypeVar("T")
_MONTH = 30
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Asking:
    """What every page and every endpoint needs. ``clock`` gives aware UTC."""

    store: Store
    config: Config
    clock: Callable[[], datetime]
    _memory: Memory = field(default_factory=Memory)

    def context(self) -> Context:
        """The present moment; times are UTC, the reader's browser makes them local."""
        return Context(self.clock(), self.config, memory=self._memory)

    def ask(self, question: Callable[[Tx, Context], T]) -> T:
        """The answer to one question. Raises UserError and StoreError."""
        ctx = self.context()
        return self.store.read(lambda tx: question(tx, ctx))

    def do(self, work: Callable[[Tx, Context], T]) -> T:
        """Changes something, in one transaction. Raises UserError and StoreError."""
        ctx = self.context()
        return self.store.write(lambda tx: work(tx, ctx))


def homes_of(tx: Tx, ctx: Context) -> dict[int, Home]:
    """Where each CI is at home, at most five minutes old."""
    return ctx.remembered("home_projects", 5 * _MINUTE, lambda: home_projects(tx, ctx))


def latencies_of(
    tx: Tx, ctx: Context, ci_id: int, branch: str | None = None
) -> tuple[LatencyDay, ...]:
    """The latencies of a CI's last 30 days, at most five minutes old; on one branch as of now."""

    def ask() -> tuple[LatencyDay, ...]:
        return latency_days(tx, ctx, ci_id, days_before(ctx.now, _MONTH), branch)

    return ask() if branch else ctx.remembered(f"latency of {ci_id}", 5 * _MINUTE, ask)


def days_of(tx: Tx, ctx: Context) -> dict[int, tuple[Day, ...]]:
    """The last 30 days of each CI, at most one minute old."""
    return ctx.remembered(
        "days",
        _MINUTE,
        lambda: daily(tx, [ci.id for ci in all_cis(tx)], days_before(ctx.now, _MONTH)),
    )


def days_on(
    tx: Tx, ctx: Context, ci_ids: Collection[int], branch: str | None
) -> dict[int, tuple[Day, ...]]:
    """The last 30 days of some CIs on one branch, or of all CIs on all branches."""
    if branch is None:
        return days_of(tx, ctx)
    return daily(tx, ci_ids, days_before(ctx.now, _MONTH), branch)
