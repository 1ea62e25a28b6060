"""A time that stands until the test moves it on, and how far it is to be moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx

_LOOK = timedelta(seconds=61)  # the sender looks for given up messages once a minute


@dataclass
class Clock:
    """Says ``now``."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def next_try(tx: Tx, but: str | None = None) -> datetime | None:
    """When the next message is tried, in any network save ``but``; None where all are said.

    The past means that one is due: then nothing else need happen for it to be tried.
    """
    table = schema.outbox.c
    query = (
        select(table.network, table.room, table.state, table.not_before)
        .where(table.state.in_(("pending", "sending", "dead")))
        .order_by(table.id)
    )
    times: list[datetime] = []
    led: set[tuple[str, str]] = set()  # rooms whose first waiting message is known
    for network, room, state, not_before in tx.execute(query):
        if network == but:
            continue
        if state == "dead":
            times.append(not_before + _LOOK)
        elif (network, room) not in led:
            led.add((network, room))
            times.append(not_before)
    return min(times, default=None)
