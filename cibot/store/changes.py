"""Rows of changes and patch sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, literal_column, null, or_, select

from cibot.errors import Permanent
from cibot.model import Change, PatchSet
from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx

_NUMBER_BITS = 32
_NEW: Any = literal_column("'NEW'")  # the driver takes the rows' values only


def change_id(server_id: int, number: int) -> int:
    """The row's key: the server in the high bits, Gerrit's number in the low 32.

    Raises Permanent for a number that no Gerrit gives.
    """
    if not 0 <= number < 1 << _NUMBER_BITS:
        raise Permanent(f"{number} is not a change number")
    return server_id << _NUMBER_BITS | number


def change_number(row_id: int) -> int:
    """Gerrit's number of a change's row."""
    return row_id & ((1 << _NUMBER_BITS) - 1)


def _newer(new: Any, old: Any) -> dict[str, Any]:
    fresh = new.updated_at >= old.updated_at
    values = {
        name: case((fresh, new[name]), else_=old[name])
        for name in ("project", "branch", "subject", "status")
    }
    values["created_at"] = case(
        (new.created_at < old.created_at, new.created_at), else_=old.created_at
    )
    # These two before what they rest on: MySQL's assignments see the ones before them.
    open_again = and_(fresh, new.status == _NEW, old.closed_at.is_not(None))
    earlier = and_(
        new.closed_at.is_not(None), or_(old.closed_at.is_(None), new.closed_at < old.closed_at)
    )
    values = {
        "closed_heard_at": case(
            (or_(open_again, earlier), new.closed_heard_at), else_=old.closed_heard_at
        ),
        "closed_at": case((open_again, null()), (earlier, new.closed_at), else_=old.closed_at),
    } | values
    # Last, since MySQL's earlier assignments must compare with the old value.
    values["updated_at"] = case((fresh, new.updated_at), else_=old.updated_at)
    return values


def put_changes(
    tx: Tx, server_id: int, changes: Sequence[Change], heard_at: datetime | None = None
) -> None:
    """Stores the changes' present facts and locks their rows until the commit.

    An older answer never overwrites a newer one. The lock makes one writer at
    a time decide which comments of a change are new.
    """
    rows = [
        {
            "id": change_id(server_id, change.number),
            "server_id": server_id,
            "number": change.number,
            "project": change.project[:255],
            "branch": change.branch[:255],
            "subject": change.subject[:500],
            "status": change.status[:16],
            "created_at": change.created,
            "updated_at": change.updated,
            "closed_at": change.closed,
            "closed_heard_at": heard_at if change.closed else None,
        }
        for change in changes
    ]
    upsert(tx, schema.change, sorted(rows, key=lambda row: row["id"]), _newer)


def put_patch_sets(
    tx: Tx,
    server_id: int,
    patch_sets: Iterable[tuple[int, PatchSet]],
    heard_at: datetime | None = None,
) -> None:
    """Stores when each patch set, with its change's number, came; the earliest time stays."""
    rows = {
        (change_id(server_id, number), one.number): one.uploaded_at for number, one in patch_sets
    }
    upsert(
        tx,
        schema.patch_set,
        [
            {"change_id": key[0], "number": key[1], "uploaded_at": at, "heard_at": heard_at}
            for key, at in sorted(rows.items())
        ],
        _earlier,
    )


def _earlier(new: Any, old: Any) -> dict[str, Any]:
    earlier = new.uploaded_at < old.uploaded_at
    return {
        "heard_at": case((earlier, new.heard_at), else_=old.heard_at),
        "uploaded_at": case((earlier, new.uploaded_at), else_=old.uploaded_at),
    }


def latest_patch_set(tx: Tx, row_id: int) -> int | None:
    """The highest patch set known of a change."""
    found: int | None = tx.execute(
        select(func.max(schema.patch_set.c.number)).where(schema.patch_set.c.change_id == row_id)
    ).scalar()
    return found
