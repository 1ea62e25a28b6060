"""Reads who owns patch sets, and which open changes they depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from cibot.store import schema
from cibot.store.changes import change_server
from cibot.store.engine import Tx
from cibot.store.rows import columns, rows_in

_DEEPEST = 32  # changes on top of each other that are followed down


class _Standing(NamedTuple):
    change_id: int
    number: int
    uploaded_at: datetime
    revision: str
    parent: str | None
    owner_id: int | None
    status: str
    closed_at: datetime | None

    def open_at(self, at: datetime) -> bool:
        """Whether its change was open then."""
        return self.status == "NEW" or self.closed_at is None or self.closed_at > at


def origins_of(tx: Tx, change_ids: Collection[int]) -> dict[int, dict[int, tuple[int, int]]]:
    """The owner of some changes and the lowest open change of their stack, by patch set.

    Only of patch sets whose owner and commit are known. The owner is an account's row; a change
    that depends on no other is the lowest itself.
    """
    patch_set, change = schema.patch_set, schema.change
    query = (
        select(*columns(_Standing, patch_set, change))
        .select_from(patch_set)
        .join(change, change.c.id == patch_set.c.change_id)
    )
    complete = query.where(patch_set.c.revision.is_not(None), change.c.owner_id.is_not(None))
    rows = [_Standing(*row) for row in rows_in(tx, complete, patch_set.c.change_id, change_ids)]
    below: dict[tuple[int, str], _Standing] = {}
    wanted, asked = _parents(rows), set[str]()
    for _ in range(_DEEPEST):
        if not wanted:
            break
        standing = [_Standing(*row) for row in rows_in(tx, query, patch_set.c.revision, wanted)]
        for row in sorted(standing, reverse=True):  # one commit may be of several changes
            below[change_server(row.change_id), row.revision] = row
        asked |= wanted
        wanted = _parents(standing) - asked
    origins: dict[int, dict[int, tuple[int, int]]] = {}
    for row in rows:
        if row.owner_id is not None:
            lowest = _lowest(row, below)
            origins.setdefault(row.change_id, {})[row.number] = (row.owner_id, lowest)
    return origins


def _parents(rows: Iterable[_Standing]) -> set[str]:
    return {row.parent for row in rows if row.parent is not None}


def _lowest(top: _Standing, below: dict[tuple[int, str], _Standing]) -> int:
    row, server = top, change_server(top.change_id)
    for _ in range(_DEEPEST):
        next_one = below.get((server, row.parent)) if row.parent else None
        if next_one is None or not next_one.open_at(top.uploaded_at):
            break
        row = next_one
    return row.change_id
