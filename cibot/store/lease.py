"""A lease row with a fencing token: who collects, judges and sends.

GET_LOCK does not exist across the nodes of a cluster; a row does. Whoever
holds the lease checks its token inside each transaction that only one may
make, with an UPDATE, so that the write is certified against a takeover. The
lease's time is the database's: the clocks of the hosts do not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Update, select, text, update

from cibot.errors import Transient
from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import upsert

_NOW = {
    "sqlite": text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"),
    "mysql": text("SELECT UTC_TIMESTAMP(6)"),
    "mariadb": text("SELECT UTC_TIMESTAMP(6)"),
}


class LeaseLost(Transient):
    """Another process holds the lease now; the transaction is not committed."""


@dataclass(frozen=True, slots=True)
class Process:
    """Where the holder runs: its id, and the boot and pid namespace that the id belongs to."""

    pid: int
    boot: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease. ``owner`` is random; ``token`` grows with every new holder."""

    name: str
    owner: str
    token: int


def database_time(tx: Tx) -> datetime:
    """The database's clock, in UTC."""
    now = tx.execute(_NOW[tx.dialect.name]).scalar_one()
    moment = now if isinstance(now, datetime) else datetime.fromisoformat(now)
    return moment.replace(tzinfo=UTC)


def acquire(
    tx: Tx,
    name: str,
    owner: str,
    process: Process,
    ttl: timedelta,
    is_dead: Callable[[Process], bool] = lambda _process: False,
) -> Lease | None:
    """Takes or renews the lease for ``ttl``; None while another living owner holds it."""
    table = schema.lease
    now = database_time(tx)
    row = tx.execute(select(table).where(table.c.name == name)).one_or_none()
    if row is None:
        upsert(tx, table, [{"name": name, "owner": "", "token": 0, "until": now, "writes": 0}])
        row = tx.execute(select(table).where(table.c.name == name)).one()
    if row.owner == owner:
        token = row.token
    elif _is_free(row, now, is_dead):
        token = row.token + 1
    else:
        return None
    held = {"pid": process.pid, "boot": process.boot, "namespace": process.namespace}
    done = tx.execute(
        update(table)
        .where(table.c.name == name, table.c.token == row.token, table.c.owner == row.owner)
        .values(owner=owner, token=token, until=now + ttl, **held)
    )
    return Lease(name, owner, token) if done.rowcount == 1 else None


def is_free(tx: Tx, name: str, is_dead: Callable[[Process], bool]) -> bool:
    """Whether another owner could take the lease now; only reads."""
    table = schema.lease
    row = tx.execute(select(table).where(table.c.name == name)).one_or_none()
    return row is None or _is_free(row, database_time(tx), is_dead)


def _is_free(row: Row[Any], now: datetime, is_dead: Callable[[Process], bool]) -> bool:
    if not row.owner or row.until <= now:
        return True
    return row.pid is not None and is_dead(Process(row.pid, row.boot or "", row.namespace or ""))


def fence(tx: Tx, lease: Lease) -> None:
    """Raises LeaseLost unless ``lease`` is still held; makes the write depend on it."""
    table = schema.lease
    done = tx.execute(_held(lease).values(writes=table.c.writes + 1))
    if done.rowcount != 1:
        raise LeaseLost(f"another process took the lease {lease.name!r}")


def release(tx: Tx, lease: Lease) -> None:
    """Gives the lease back, so that the next one need not wait."""
    tx.execute(_held(lease).values(owner="", until=database_time(tx)))


def _held(lease: Lease) -> Update:
    """An UPDATE of the lease's row, where it is still held."""
    table = schema.lease.c
    mine = (table.name == lease.name, table.token == lease.token, table.owner == lease.owner)
    return update(schema.lease).where(*mine)
