"""Rows of checkpoints: how far each CI was judged, and in what state its judge was then."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import overwrite, values_of

_BODY = TypeAdapter(dict[str, Any])  # five times as fast as the json module


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A judge's state at ``at``, of all rows that were stored by ``marked_at``. Times are UTC."""

    ci_id: int
    at: datetime
    marked_at: datetime
    basis: str
    body: dict[str, Any]


def pack(body: dict[str, Any]) -> bytes:
    """Plain values as compressed JSON."""
    return zlib.compress(_BODY.dump_json(body), 1)


def unpack(packed: bytes) -> dict[str, Any]:
    """Reads what `pack` gave; ValueError or zlib.error on anything else."""
    return _BODY.validate_json(zlib.decompress(packed))


def put_checkpoint(tx: Tx, checkpoint: StoredCheckpoint, keep: set[datetime]) -> None:
    """Stores a state; of the CI's others only those of the times ``keep`` stay."""
    table, ci_id = schema.checkpoint, checkpoint.ci_id
    tx.execute(delete(table).where(table.c.ci_id == ci_id, table.c.at.not_in(sorted(keep))))
    overwrite(tx, table, [values_of(checkpoint) | {"body": pack(checkpoint.body)}])


def drop_checkpoints(tx: Tx, ci_id: int, since: datetime) -> None:
    """Forgets a CI's states of that time and later."""
    table = schema.checkpoint
    tx.execute(delete(table).where(table.c.ci_id == ci_id, table.c.at >= since))


def checkpoint_times(tx: Tx, ci_id: int) -> list[datetime]:
    """The times of a CI's stored states, oldest first."""
    table = schema.checkpoint.c
    query = select(table.at).where(table.ci_id == ci_id).order_by(table.at)
    return list(tx.execute(query).scalars())


def newest_checkpoint(
    tx: Tx, ci_id: int, basis: str, before: datetime | None
) -> StoredCheckpoint | None:
    """The newest checkpoint with that basis and older than ``before``, or None.

    Raises ValueError for one that cannot be read.
    """
    table = schema.checkpoint.c
    query = select(schema.checkpoint).where(table.ci_id == ci_id, table.basis == basis)
    if before is not None:
        query = query.where(table.at < before)
    row = tx.execute(query.order_by(table.at.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    try:
        body = unpack(row.body)
    except zlib.error as error:
        raise ValueError(f"the checkpoint of {row.at} cannot be unpacked: {error}") from error
    return StoredCheckpoint(row.ci_id, row.at, row.marked_at, row.basis, body)


def forget_checkpoints(tx: Tx) -> None:
    """Every CI is judged from its first report on, the next time."""
    tx.execute(delete(schema.checkpoint))
