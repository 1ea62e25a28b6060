"""A lease row with a fencing token: who collects, judges and sends.

GET_LOCK does not exist across the nodes of a cluster; a row does. Whoever
holds the lease checks its token inside each transaction that only one may
make, with an UPDATE, so that the write is certified against a takeover.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from cibot.errors import Transient
from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx


class LeaseLost(Transient):
    """Another process holds the lease now; what was about to be written is not."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease; ``token`` grows with every new holder."""

    name: str
    owner: str
    token: int
    until: datetime


def acquire(tx: Tx, name: str, owner: str, now: datetime, until: datetime) -> Lease | None:
    """Takes or renews the lease until then; None while somebody else holds it."""
    table = schema.lease
    empty = {"name": name, "owner": "", "token": 0, "until": now, "writes": 0}
    row = tx.execute(select(table).where(table.c.name == name)).one_or_none()
    if row is None:
        upsert(tx, table, [empty])
        row = tx.execute(select(table).where(table.c.name == name)).one()
    if row.owner == owner:
        token = row.token
    elif row.until > now:
        return None
    else:
        token = row.token + 1
    done = tx.execute(
        update(table)
        .where(table.c.name == name, table.c.token == row.token, table.c.owner == row.owner)
        .values(owner=owner, token=token, until=until)
    )
    return Lease(name, owner, token, until) if done.rowcount == 1 else None


def fence(tx: Tx, lease: Lease) -> None:
    """Raises LeaseLost unless ``lease`` is still held; makes the write depend on it."""
    table = schema.lease
    done = tx.execute(
        update(table)
        .where(table.c.name == lease.name, table.c.token == lease.token)
        .where(table.c.owner == lease.owner)
        .values(writes=table.c.writes + 1)
    )
    if done.rowcount != 1:
        raise LeaseLost(f"another process took the lease {lease.name!r}")


def release(tx: Tx, lease: Lease, now: datetime) -> None:
    """Gives the lease back, so that the next one need not wait."""
    table = schema.lease
    tx.execute(
        update(table)
        .where(table.c.name == lease.name, table.c.token == lease.token)
        .where(table.c.owner == lease.owner)
        .values(owner="", until=now)
    )


def owner_of(tx: Tx, name: str) -> str | None:
    """Who holds the lease, or held it last."""
    table = schema.lease.c
    owner: str | None = tx.execute(select(table.owner).where(table.name == name)).scalar()
    return owner


def expire(tx: Tx, name: str, owner: str, now: datetime) -> None:
    """Ends the lease of an owner that is known to be dead."""
    table = schema.lease
    tx.execute(
        update(table)
        .where(table.c.name == name, table.c.owner == owner, table.c.until > now)
        .values(until=now)
    )
